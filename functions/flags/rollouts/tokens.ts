import { clock } from '#platform/clock.ts';
import { succeedTask } from '#platform/task-tokens.ts';
import { deleteItem, keys, readAll, writeItem } from '../store.ts';
import { nextOf } from './next.ts';
import { type RolloutRecord, TokenRecord, type WaitsFor } from './records.ts';
import { isOpen, readRollout } from './rollout-store.ts';
import { type Standing, standingOf } from './standing.ts';

/** What each wait is for; when something else is to be done, it is over. */
const meant = { published: 'await', hold: 'hold', resume: 'rest' } as const;

/** Whether a state that waits goes on waiting, as the rollout and its flag stand. */
export function goesOnWaiting(
  { waitsFor }: Pick<TokenRecord, 'waitsFor'>,
  record: RolloutRecord,
  standing: Standing,
  now: number,
): boolean {
  // What a look finds only the next look can say.
  const next = nextOf(record, standing, { judgement: record.judgement, ill: null }, now);
  return next.do === meant[waitsFor];
}

/** Keeps the token of a waiting state. What ends the wait may have happened before: then it is over at once. */
export async function keepToken(id: string, waitsFor: WaitsFor, token: string): Promise<void> {
  await writeItem(keys.rolloutToken(id, waitsFor), { waitsFor, token, at: clock.iso() });
  await deliverAnswers(await readRollout(id));
}

/**
 * Lets go on what need not wait any more. What happened is stored first and told after, so this may run any number of
 * times: by whoever decided, by whoever changed or published flags, by the state that begins to wait, and by the
 * reconciler.
 */
export async function deliverAnswers(record: RolloutRecord): Promise<void> {
  const waiting = await readAll(TokenRecord, keys.rollout(record.id).pk, 'TOKEN#');
  if (waiting.length === 0) return;
  const standing = isOpen(record) ? await standingOf(record) : undefined;
  for (const one of waiting) {
    if (standing !== undefined && goesOnWaiting(one, record, standing, clock.now())) continue;
    await succeedTask(one.token, {});
    await deleteItem(keys.rolloutToken(record.id, one.waitsFor), {
      expression: '#token = :token',
      names: { '#token': 'token' },
      values: { ':token': one.token },
    });
  }
}
