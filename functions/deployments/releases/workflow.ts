import type { ExecutionStatus } from '@aws-sdk/client-sfn';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { startOnce, statusOf } from '#platform/executions.ts';
import { ExecutionSuperseded, ReleaseAborted } from '../errors.ts';
import type { ReleaseEnter, ReleaseRecord } from './records.ts';
import { changeRelease, type ReleaseChange, readRelease } from './release-store.ts';
import type { TaskOfRelease } from './schemas.ts';

const stateMachineArn = () => environmentVariable('RELEASE_STATE_MACHINE_ARN');

/** The execution a release is about to have; its name is the same however often it is started. */
export const newReleaseExecution = (
  id: string,
  enter: ReleaseEnter,
  attempt: number,
): ReleaseRecord['execution'] => ({ name: `${id}-${enter}-${attempt}`, arn: null, enter, attempt });

/** The release an execution works for, by its name; undefined when it is not one of ours. */
export const releaseOfExecution = (name: string): string | undefined =>
  /^(rel_[A-Za-z0-9]{1,40})-(start|keep|back)-\d+$/.exec(name)?.[1];

/** How long the old versions are kept from now on, s; at least 1. */
const secondsLeft = ({ keepsUntil, request }: ReleaseRecord): number =>
  keepsUntil === null
    ? Math.max(1, request.keepSeconds)
    : Math.max(1, Math.ceil((Date.parse(keepsUntil) - clock.now()) / 1_000));

/** Starts the execution that the record names, once: a second start of the same name finds the first. */
export async function startRelease(record: ReleaseRecord): Promise<ReleaseRecord> {
  const { id, execution, waves } = record;
  const input = {
    releaseId: id,
    enter: execution.enter,
    waves: waves.length,
    approval: record.approval === 'waiting',
    keepSeconds: secondsLeft(record),
  };
  const arn = await startOnce(stateMachineArn(), execution.name, input);
  if (arn === undefined) return record;
  return await changeRelease(id, (current) =>
    current.execution.name !== execution.name || current.execution.arn !== null
      ? undefined
      : { set: { execution: { ...current.execution, arn } } },
  );
}

/** How the execution of the record stands; undefined when it never began. */
export const releaseExecutionStatus = ({ execution }: ReleaseRecord): Promise<ExecutionStatus | undefined> =>
  statusOf(stateMachineArn(), execution);

/** Throws ExecutionSuperseded unless the record names this execution as the one that acts. */
function assertActs({ id, execution }: ReleaseRecord, name: string): void {
  if (execution.name === name) return;
  throw new ExecutionSuperseded(`${name} acts no longer for ${id}`, {
    evidence: { acts: execution.name, found: name },
    action: 'Nothing: the other execution goes on.',
  });
}

/** Throws ReleaseAborted when it is to go back, or goes back already. */
export function assertForward({ id, cancel, status }: ReleaseRecord): void {
  if (cancel === null && status !== 'rolling_back') return;
  throw new ReleaseAborted(`${cancel?.by ?? 'theseus'} asked for the way back of ${id}`, {
    evidence: { status },
  });
}

/** The record, for an execution that may go on. Throws ExecutionSuperseded, ReleaseAborted. */
export async function readForward({ releaseId, execution }: TaskOfRelease): Promise<ReleaseRecord> {
  const record = await readRelease(releaseId);
  assertActs(record, execution);
  assertForward(record);
  return record;
}

/** Changes the record for an execution that may go on. Throws ExecutionSuperseded, ReleaseAborted. */
export const changeForward = (
  { releaseId, execution }: TaskOfRelease,
  decide: (record: ReleaseRecord) => ReleaseChange | undefined,
): Promise<ReleaseRecord> =>
  changeRelease(releaseId, (record) => {
    assertActs(record, execution);
    assertForward(record);
    return decide(record);
  });

/** The same where nobody can ask for it to stop: on the way back. Throws ExecutionSuperseded. */
export const changeBack = (
  { releaseId, execution }: TaskOfRelease,
  decide: (record: ReleaseRecord) => ReleaseChange | undefined,
): Promise<ReleaseRecord> =>
  changeRelease(releaseId, (record) => {
    assertActs(record, execution);
    return decide(record);
  });
