import { clock } from '#platform/clock.ts';
import { answerTask, type TaskAnswer } from '#platform/task-tokens.ts';
import { readDeployment } from '../deployment-store.ts';
import { type DeploymentRecord, type SlotRecord, TokenRecord, type WaitsFor } from '../records.ts';
import { readSlot } from '../slots.ts';
import { deleteItem, keys, readAll, writeItem } from '../store.ts';

/** What is owed to a waiting state, as record and slot stand; undefined: it goes on waiting. */
export function answerTo(
  { waitsFor, at }: Pick<TokenRecord, 'waitsFor' | 'at'>,
  record: DeploymentRecord,
  { holder }: SlotRecord,
): TaskAnswer | undefined {
  const { id, cancel, approval, asked, step, status, finish, resumedAt } = record;
  if (cancel !== null) {
    const said = cancel.comment === null ? '' : `: ${cancel.comment}`;
    return { failure: 'DeploymentAborted', cause: `${cancel.by} asked for the way back${said}` };
  }
  const go: TaskAnswer = { success: {} };
  switch (waitsFor) {
    case 'slot':
      return holder === id ? { success: { approval: approval === 'waiting' } } : undefined;
    case 'approval':
      return approval === 'waiting' ? undefined : go;
    case 'hold':
      if (status === 'running' && resumedAt !== null && resumedAt >= at) return go;
      return status === 'running' && asked !== null && asked.step === step ? go : undefined;
    case 'keep':
      return finish === null ? undefined : go;
  }
}

/** Keeps the token of a waiting state. An answer that was there before the token is given at once. */
export async function keepToken(id: string, waitsFor: WaitsFor, token: string): Promise<void> {
  await writeItem(keys.token(id, waitsFor), { waitsFor, token, at: clock.iso() });
  await deliverAnswers(await readDeployment(id));
}

/**
 * Gives every waiting state of a deployment the answer that it is owed. Decisions are stored first and delivered after,
 * so this may run any number of times: by whoever decided, by the state that begins to wait, and by the reconciler.
 */
export async function deliverAnswers(record: DeploymentRecord): Promise<void> {
  const waiting = await readAll(TokenRecord, keys.deployment(record.id).pk, 'TOKEN#');
  if (waiting.length === 0) return;
  const slot = await readSlot(record.slot);
  for (const one of waiting) {
    const { waitsFor, token } = one;
    const answer = answerTo(one, record, slot);
    if (answer === undefined) continue;
    await answerTask(token, answer);
    await deleteItem(keys.token(record.id, waitsFor), {
      expression: '#token = :token',
      names: { '#token': 'token' },
      values: { ':token': token },
    });
  }
}
