import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type ExecutionStatus,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { stepFunctions } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
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
    action: 'Nothing: the other execution goes on.',
  });
}

/** Starts the execution that the record names, once: a second start of the same name finds the first. */
export async function startExecution(record: UpdateRecord): Promise<UpdateRecord> {
  const { id, execution } = record;
  try {
    const started = await stepFunctions().send(
      new StartExecutionCommand({
        stateMachineArn: stateMachineArn(),
        name: execution.name,
        input: JSON.stringify({ updateId: id, enter: execution.enter }),
      }),
    );
    const arn = started.executionArn ?? null;
    return await changeUpdate(id, (current) =>
      current.execution.name !== execution.name || current.execution.arn !== null
        ? undefined
        : { set: { execution: { ...current.execution, arn } } },
    );
  } catch (error) {
    // It was started before, from another version of the state machine: the first one counts.
    if (error instanceof ExecutionAlreadyExists) return record;
    throw error;
  }
}

/** How the execution of the record stands; undefined when it never began. */
export async function executionStatus({ execution }: UpdateRecord): Promise<ExecutionStatus | undefined> {
  try {
    const executionArn = execution.arn ?? executionArnOf(execution.name);
    return (await stepFunctions().send(new DescribeExecutionCommand({ executionArn }))).status;
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}

/** `…:stateMachine:<name>[:<version or alias>]` and the execution's name make the execution's ARN. */
function executionArnOf(name: string): string {
  const parts = stateMachineArn().split(':');
  return [...parts.slice(0, 5), 'execution', parts[6] ?? '', name].join(':');
}
