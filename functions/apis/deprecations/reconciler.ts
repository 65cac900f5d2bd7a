import { clock } from '#platform/clock.ts';
import type { TaskTools } from '#platform/task.ts';
import { type Change, changeDeprecation, findDeprecation } from './deprecation-store.ts';
import { executionStatus, nextExecution, startNamed } from './execution.ts';
import type { DeprecationRecord } from './records.ts';
import { isOver } from './standing.ts';

/** Executions that die one after the other before a person must look. */
const mostDeaths = 10;

/** Starts what the record says is to act by now, when nobody did. Returns whether anything had to be done. */
export async function reconcileDeprecation(
  id: string,
  { metrics }: Pick<TaskTools, 'metrics'>,
): Promise<boolean> {
  const record = await findDeprecation(id);
  if (record === undefined || isOver(record)) return false;
  const { startsAt, name } = record.execution;
  if (startsAt === null || Date.parse(startsAt) > clock.now()) return false;
  const status = await executionStatus(record);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return false;
  if (status === undefined) {
    // Its time has come, or the record was written and the start was not: the name makes a second start harmless.
    await startNamed(record);
    return true;
  }
  const next = await changeDeprecation(id, (current) => afterDeath(current, name, status));
  if (next.status === 'needs_attention') metrics.count('NeedsAttention');
  if (next.execution.name !== name && next.execution.startsAt !== null) await startNamed(next);
  return true;
}

/** The execution that should act ended, and the record does not say how. */
function afterDeath(record: DeprecationRecord, name: string, status: string): Change | undefined {
  // What another one wrote meanwhile counts.
  if (record.execution.name !== name || isOver(record)) return undefined;
  const deaths = record.deaths + 1;
  const failure = {
    name: 'ExecutionDied',
    message: `The execution ${name} ended with ${status} in phase ${record.phase}`,
    action: `Nothing: it goes on by itself. See: theseus api deprecation show ${record.api} ${record.id}`,
    at: clock.iso(),
  };
  if (deaths >= mostDeaths) {
    return {
      set: { deaths, failure, status: 'needs_attention', execution: nextExecution(record, null) },
      events: [{ type: 'deprecation.needs_attention', actor: 'theseus', data: { message: failure.message } }],
    };
  }
  return {
    set: { deaths, failure, execution: nextExecution(record, clock.iso()) },
    events: [{ type: 'deprecation.started_again', actor: 'theseus', data: { after: status } }],
  };
}
