import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { startOnce, statusOf } from '#platform/executions.ts';
import { ExecutionSuperseded } from '../../errors.ts';
import type { ReencryptionRecord } from './records.ts';
import { type Change, changeReencryption } from './reencryption-store.ts';

const stateMachineArn = () => environmentVariable('CONFIGURATION_REENCRYPTION_STATE_MACHINE_ARN');

export interface Acting {
  reencryptionId: string;
  execution: string;
}

/** The execution that acts from `startsAt` (ISO) on. */
export const executionOf = (
  id: string,
  attempt: number,
  startsAt: string,
): ReencryptionRecord['execution'] => ({
  attempt,
  name: `${id}-${attempt}`,
  startsAt,
});

/** Changes the record for the execution that acts. Throws ExecutionSuperseded for any other one. */
export const changeActing = (
  { reencryptionId, execution }: Acting,
  decide: (record: ReencryptionRecord) => Change | undefined,
): Promise<ReencryptionRecord> =>
  changeReencryption(reencryptionId, (record) => {
    if (record.execution.name !== execution) {
      throw new ExecutionSuperseded(`${execution} acts no longer for ${record.id}`, {
        evidence: { acts: record.execution.name, found: execution },
        action: 'The other execution goes on by itself.',
      });
    }
    return decide(record);
  });

/** Starts the execution that the record names, once: a second start of the same name finds the first. */
export async function startNamed({
  id,
  execution,
}: Pick<ReencryptionRecord, 'id' | 'execution'>): Promise<void> {
  await startOnce(stateMachineArn(), execution.name, { reencryptionId: id });
}

/** Brings one on that nobody brings on: its start was cut off, its execution died, or its pause is over. */
export async function reconcileReencryption(record: ReencryptionRecord): Promise<boolean> {
  const { id, execution, status } = record;
  if (status !== 'running' || Date.parse(execution.startsAt) > clock.now()) return false;
  const stands = await statusOf(stateMachineArn(), execution);
  if (stands === 'RUNNING' || stands === 'PENDING_REDRIVE') return false;
  if (stands === undefined) {
    await startNamed(record);
    return true;
  }
  const next = await changeReencryption(id, (current) =>
    current.status !== 'running' || current.execution.name !== execution.name
      ? undefined
      : afterFailure(current, { name: 'ExecutionDied', message: `The execution ended with ${stands}` }),
  );
  if (next.status === 'running' && Date.parse(next.execution.startsAt) <= clock.now()) await startNamed(next);
  return true;
}

/** Executions that die one after the other before a person must look. */
const mostDeaths = 10;

/** What follows a failure: another execution after a while, longer each time; after ten in a row, a person. */
export function afterFailure(
  record: ReencryptionRecord,
  { name, message }: { name: string; message: string },
): Change {
  const at = clock.iso();
  const deaths = record.deaths + 1;
  const failure = { name, message, at };
  if (deaths >= mostDeaths) return { set: { deaths, failure, status: 'needs_attention', endedAt: at } };
  const startsAt = new Date(clock.now() + Math.min(3_600_000, 30_000 * 2 ** deaths)).toISOString();
  return {
    set: { deaths, failure, execution: executionOf(record.id, record.execution.attempt + 1, startsAt) },
  };
}
