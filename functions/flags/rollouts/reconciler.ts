import { reconcileOpen } from '#platform/open-work.ts';
import type { TaskTools } from '#platform/task.ts';
import { publishRollout } from './events.ts';
import { executionStatus, newExecution, startExecution } from './execution.ts';
import type { RolloutRecord } from './records.ts';
import { type Change, changeRollout, findRollout, isOpen, readRolloutWork } from './rollout-store.ts';
import { deliverAnswers } from './tokens.ts';

/** How often an execution is followed by another one before a person must look. */
const mostAttempts = 10;

type Tools = Pick<TaskTools, 'signal' | 'logger' | 'metrics'>;

/** Looks at every rollout that is open or has something to tell. Failures of one do not keep it from the others. */
export const reconcileAll = (tools: Tools) =>
  reconcileOpen('rollout', readRolloutWork, tools, (id) => reconcileRollout(id, tools));

/** Brings one rollout on when nobody else does, and sends its events. Returns whether it had to be brought on. */
export async function reconcileRollout(id: string, tools: Omit<Tools, 'signal'>): Promise<boolean> {
  const record = await findRollout(id);
  if (record === undefined) return false;
  const acted = isOpen(record) && (await bringOn(record, tools));
  await publishRollout(acted ? ((await findRollout(id)) ?? record) : record);
  return acted;
}

async function bringOn(record: RolloutRecord, { logger, metrics }: Omit<Tools, 'signal'>): Promise<boolean> {
  const { id, execution } = record;
  await deliverAnswers(record);
  const status = await executionStatus(record);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return false;
  logger.warn('execution does not run', { rollout: id, execution: execution.name, status });
  if (status === undefined) {
    // The record was written and the start was not: the name makes a second start harmless.
    await startExecution(record);
    return true;
  }
  const next = await changeRollout(id, (current) => afterDeath(current, execution.name, status));
  if (next.status === 'needs_attention') metrics.count('NeedsAttention');
  if (next.execution.name !== execution.name && isOpen(next)) await startExecution(next);
  return true;
}

/** The execution that should act ended, and the record does not say how: another one goes on from the record. */
function afterDeath(record: RolloutRecord, name: string, status: string): Change | undefined {
  // What another one wrote meanwhile counts.
  if (record.execution.name !== name || !isOpen(record)) return undefined;
  const { attempt } = record.execution;
  if (attempt >= mostAttempts) {
    const reason = `The execution ${name} ended with ${status}${record.reason === null ? '' : `; ${record.reason}`}`;
    return {
      set: { status: 'needs_attention', reason },
      events: [{ type: 'rollout.needs_attention', actor: 'theseus', data: { why: reason } }],
    };
  }
  return {
    set: { execution: newExecution(record.id, attempt + 1) },
    events: [{ type: 'rollout.started_again', actor: 'theseus', data: { after: status } }],
  };
}
