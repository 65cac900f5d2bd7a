import { clock } from '#platform/clock.ts';
import { answerTask, type TaskAnswer } from '#platform/task-tokens.ts';
import { readMigration } from '../migration-store.ts';
import { type MigrationRecord, openConstraints, TokenRecord } from '../records.ts';
import { deleteItem, keys, readAll, writeItem } from '../store.ts';
import { undecidedRows } from '../undo/consent.ts';

/**
 * What the workflow may wait for: `approval`, `losses`, `completion`, `start`, or a resume by the range's name. `window-…`
 * is a range whose hours are over: only time, or a rollback, ends its wait.
 */
export type WaitsFor = 'approval' | 'losses' | 'completion' | 'start' | (string & {});

/** What is owed to a waiting state, as the record stands; undefined: it goes on waiting. */
export function answerTo(waitsFor: WaitsFor, record: MigrationRecord): TaskAnswer | undefined {
  if (record.cancel !== null && record.execution?.kind !== 'undo' && waitsFor !== 'losses') {
    return { failure: 'MigrationCancelled', cause: `${record.cancel.by} asked for a rollback` };
  }
  const go: TaskAnswer = { success: {} };
  if (waitsFor === 'approval') {
    const by = record.approval?.by ?? 'someone';
    if (record.approval?.decision === 'approved') return go;
    if (record.approval?.decision !== 'rejected') return undefined;
    return {
      failure: 'ApprovalRejected',
      cause: `${by} rejected the plan: ${record.approval.comment ?? ''}`,
    };
  }
  if (waitsFor === 'losses') {
    const { undo, returning } = record;
    if (undo?.decision === 'declined') {
      return { failure: 'UndoDeclined', cause: 'The undo was declined; the migration stays completed' };
    }
    if (returning?.decision === 'retry') return { success: { again: true } };
    if (openConstraints(record).length > 0 || undecidedRows(record) > 0) return undefined;
    const lossesDecided = undo === null || undo.acceptLosses || undo.decision === 'accepted';
    return lossesDecided ? { success: { again: false } } : undefined;
  }
  if (waitsFor === 'completion') return record.complete === null ? undefined : go;
  if (waitsFor === 'start') return record.status === 'scheduled' ? undefined : go;
  if (waitsFor.startsWith('window-')) return undefined;
  return record.status === 'paused' ? undefined : go;
}

/** Keeps the token of a waiting state. An answer that was there before the token is given at once. */
export async function keepToken(id: string, waitsFor: WaitsFor, token: string): Promise<void> {
  await writeItem(keys.token(id, waitsFor), { waitsFor, token, at: clock.iso() });
  await deliverAnswers(await readMigration(id));
}

/**
 * Gives every waiting state of a migration the answer that the record owes it. Decisions are stored first and
 * delivered after, so this may run any number of times: by whoever decided, by the state that begins to wait,
 * and by the reconciler.
 */
export async function deliverAnswers(record: MigrationRecord): Promise<void> {
  const waiting = await readAll(TokenRecord, keys.migration(record.id).pk, 'TOKEN#');
  for (const { waitsFor, token } of waiting) {
    const answer = answerTo(waitsFor, record);
    if (answer === undefined) continue;
    await answerTask(token, answer);
    await deleteItem(keys.token(record.id, waitsFor), {
      expression: '#token = :token',
      names: { '#token': 'token' },
      values: { ':token': token },
    });
  }
}
