import type { ExecutionStatus } from '@aws-sdk/client-sfn';
import { environmentVariable } from '#platform/environment.ts';
import { startOnce, statusOf } from '#platform/executions.ts';
import { ExecutionSuperseded } from '../errors.ts';
import type { Enter, Execution, UpdateRecord } from './records.ts';
import { changeUpdate } from './update-store.ts';

const stateMachineArn = () => environmentVariable('CONFIGURATION_UPDATE_STATE_MACHINE_ARN');

/** The execution a record is about to have; its name is the same however often it is started. */
export const newExecution = (id: string, enter: Enter, attempt: number): Execution => ({
  name: `${id}-${enter}-${attempt}`,
  arn: null,
  enter,
  attempt,
});

/** The update an execution works for, by its name; undefined when it is not one of ours. */
export const updateOfExecution = (name: string): string | undefined =>
  /^(upd_[A-Za-z0-9]{1,40})-(start|back)-\d+$/.exec(name)?.[1];

/** Throws ExecutionSuperseded unless the record names this execution as the one that acts. */
export function assertActs({ id, execution }: UpdateRecord, name: string): void {
  if (execution.name === name) return;
  throw new ExecutionSuperseded(`${name} acts no longer for ${id}`, {
    evidence: { acts: execution.name, found: name },
    action: 'The other execution goes on by itself.',
  });
}

/** Starts the execution that the record names, once: a second start of the same name finds the first. */
export async function startExecution(record: UpdateRecord): Promise<UpdateRecord> {
  const { id, execution } = record;
  const arn = await startOnce(stateMachineArn(), execution.name, { updateId: id, enter: execution.enter });
  if (arn === undefined) return record;
  return await changeUpdate(id, (current) =>
    current.execution.name !== execution.name || current.execution.arn !== null
      ? undefined
      : { set: { execution: { ...current.execution, arn } } },
  );
}

/** How the execution of the record stands; undefined when it never began. */
export const executionStatus = ({ execution }: UpdateRecord): Promise<ExecutionStatus | undefined> =>
  statusOf(stateMachineArn(), execution);
