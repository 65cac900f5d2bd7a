import type { ExecutionStatus } from '@aws-sdk/client-sfn';
import { environmentVariable } from '#platform/environment.ts';
import { startOnce, statusOf } from '#platform/executions.ts';
import { ExecutionSuperseded } from '../errors.ts';
import type { RolloutRecord } from './records.ts';
import { type Change, changeRollout, isOpen, readRollout } from './rollout-store.ts';
import type { TaskOfRollout } from './schemas.ts';

const stateMachineArn = () => environmentVariable('FLAG_ROLLOUT_STATE_MACHINE_ARN');

/** The execution a rollout is about to have: each begins with a look at the record, and goes on from there. */
export const newExecution = (id: string, attempt: number): RolloutRecord['execution'] => ({
  name: `${id}-${attempt}`,
  arn: null,
  attempt,
});

/** The rollout an execution works for, by its name; undefined when it is not one of ours. */
export const rolloutOfExecution = (name: string): string | undefined =>
  /^(rol_[A-Za-z0-9]{1,40})-\d+$/.exec(name)?.[1];

/** Starts the execution that the record names, once: a second start of the same name finds the first. */
export async function startExecution(record: RolloutRecord): Promise<RolloutRecord> {
  const { id, execution } = record;
  const arn = await startOnce(stateMachineArn(), execution.name, { rolloutId: id });
  if (arn === undefined) return record;
  return await changeRollout(id, (current) =>
    current.execution.name !== execution.name || current.execution.arn !== null
      ? undefined
      : { set: { execution: { ...current.execution, arn } } },
  );
}

/** How the execution of the record stands; undefined when it never began. */
export const executionStatus = ({ execution }: RolloutRecord): Promise<ExecutionStatus | undefined> =>
  statusOf(stateMachineArn(), execution);

/** Throws ExecutionSuperseded unless the record names this execution as the one that acts. */
export function assertActs({ id, execution }: RolloutRecord, name: string): void {
  if (execution.name === name) return;
  throw new ExecutionSuperseded(`${name} acts no longer for ${id}`, {
    evidence: { acts: execution.name, found: name },
    action: 'Nothing: the other execution goes on.',
  });
}

/** The record, for the execution that acts. Throws ExecutionSuperseded, NotFound. */
export async function readActing({ rolloutId, execution }: TaskOfRollout): Promise<RolloutRecord> {
  const record = await readRollout(rolloutId);
  assertActs(record, execution);
  return record;
}

/** Changes an open record for the execution that acts. Throws ExecutionSuperseded, RecordContended. */
export const changeActing = (
  { rolloutId, execution }: TaskOfRollout,
  decide: (record: RolloutRecord) => Change | undefined,
): Promise<RolloutRecord> =>
  changeRollout(rolloutId, (record) => {
    assertActs(record, execution);
    return isOpen(record) ? decide(record) : undefined;
  });
