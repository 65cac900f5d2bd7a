import { clock } from '#platform/clock.ts';
import { answerTask, type TaskAnswer } from '#platform/task-tokens.ts';
import { deleteItem, keys, readAll, writeItem } from '../store.ts';
import { mayAct } from './queue.ts';
import { type SlotsRecord, TokenRecord, type UpdateRecord, type WaitsFor } from './records.ts';
import { readSlots } from './slots.ts';
import { readUpdate } from './update-store.ts';

/** What is owed to a waiting state, as record and queue stand; undefined: it goes on waiting. */
export function answerTo(
  { waitsFor }: Pick<TokenRecord, 'waitsFor'>,
  { id, cancel, approval, health }: Pick<UpdateRecord, 'id' | 'cancel' | 'approval' | 'health'>,
  { entries }: Pick<SlotsRecord, 'entries'>,
): TaskAnswer | undefined {
  if (cancel !== null) {
    const said = cancel.why === null ? '' : `: ${cancel.why}`;
    return { failure: 'UpdateCancelled', cause: `${cancel.by} gave it up${said}` };
  }
  const go: TaskAnswer = { success: {} };
  switch (waitsFor) {
    case 'slots':
      return mayAct(entries, id) ? go : undefined;
    case 'approval':
      return approval === 'waiting' ? undefined : go;
    case 'health':
      // A look that began before the report may not have seen it.
      return health.hurriedAt !== null && health.hurriedAt >= (health.lookedAt ?? '') ? go : undefined;
  }
}

/** Keeps the token of a waiting state. An answer that was there before the token is given at once. */
export async function keepToken(id: string, waitsFor: WaitsFor, token: string): Promise<void> {
  await writeItem(keys.updateToken(id, waitsFor), { waitsFor, token, at: clock.iso() });
  await deliverAnswers(await readUpdate(id));
}

/**
 * Gives every waiting state of an update the answer that it is owed. Decisions are stored first and delivered after, so
 * this may run any number of times: by whoever decided, by the state that begins to wait, and by the reconciler.
 */
export async function deliverAnswers(record: UpdateRecord): Promise<void> {
  const waiting = await readAll(TokenRecord, keys.update(record.id).pk, 'TOKEN#');
  if (waiting.length === 0) return;
  const slots = await readSlots();
  for (const one of waiting) {
    const { waitsFor, token } = one;
    const answer = answerTo(one, record, slots);
    if (answer === undefined) continue;
    await answerTask(token, answer);
    await deleteItem(keys.updateToken(record.id, waitsFor), {
      expression: '#token = :token',
      names: { '#token': 'token' },
      values: { ':token': token },
    });
  }
}
