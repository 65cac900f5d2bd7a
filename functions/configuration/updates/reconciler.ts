import { reconcileOpen } from '#platform/open-work.ts';
import type { TaskTools } from '#platform/task.ts';
import { executionStatus, newExecution, startExecution } from './execution.ts';
import { failureOf } from './failures.ts';
import type { UpdateRecord } from './records.ts';
import { freeSlots, readSlots } from './slots.ts';
import { deliverAnswers } from './tokens.ts';
import { type Change, changeUpdate, findUpdate, isOpen, readUpdateWork } from './update-store.ts';

/** How often an execution is followed by another one before a person must look. */
const mostAttempts = 10;

/** Looks at every update that is open. Failures of one do not keep it from the others. */
export async function reconcileAll(tools: Pick<TaskTools, 'signal' | 'logger' | 'metrics'>) {
  await freeForgotten();
  return reconcileOpen('update', readUpdateWork, tools, (id) => reconcileUpdate(id, tools));
}

/** Brings one update on when nobody else does. Returns whether anything had to be done. */
export async function reconcileUpdate(
  id: string,
  { logger, metrics }: Pick<TaskTools, 'logger' | 'metrics'>,
): Promise<boolean> {
  const record = await findUpdate(id);
  if (record === undefined || !isOpen(record.status)) return false;
  await deliverAnswers(record);
  const status = await executionStatus(record);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return false;
  logger.warn('execution does not run', { update: id, execution: record.execution.name, status });
  if (status === undefined) {
    // The record was written and the start was not: the name makes a second start harmless.
    await startExecution(record);
    return true;
  }
  const next = await changeUpdate(id, (current) => afterDeath(current, record.execution.name, status));
  if (next.status === 'needs_attention') metrics.count('NeedsAttention');
  if (next.execution.name !== record.execution.name && isOpen(next.status)) await startExecution(next);
  return true;
}

/** The execution that should act ended, and the record does not say how. */
function afterDeath(record: UpdateRecord, name: string, status: string): Change | undefined {
  // What another one wrote meanwhile counts.
  if (record.execution.name !== name || !isOpen(record.status)) return undefined;
  const { attempt } = record.execution;
  const died = failureOf(
    {
      name: 'ExecutionDied',
      message: `The execution ${name} ended with ${status} in phase ${record.phase ?? 'none'}`,
      evidence: { execution: name, status },
      action: 'What was written is taken back by itself.',
    },
    record,
  );
  const failure = record.failure ?? died;
  if (attempt >= mostAttempts) {
    return {
      set: { status: 'needs_attention', failure },
      events: [{ type: 'update.needs_attention', actor: 'theseus', data: { message: died.message } }],
    };
  }
  return {
    set: {
      execution: newExecution(record.id, 'back', attempt + 1),
      status: 'rolling_back',
      phase: 'roll_back',
      failure,
    },
    events: [{ type: 'update.started_again', actor: 'theseus', data: { after: status } }],
  };
}

/** Takes updates out of the queue that are over, or were never stored: nobody else would. */
async function freeForgotten(): Promise<void> {
  for (const { id } of (await readSlots()).entries) {
    const found = await findUpdate(id);
    if (found !== undefined && (isOpen(found.status) || found.status === 'needs_attention')) continue;
    await freeSlots(id);
  }
}
