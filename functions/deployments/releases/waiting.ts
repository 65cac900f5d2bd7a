import { answerTask, type TaskAnswer } from '#platform/task-tokens.ts';
import type { DeploymentRecord } from '../records.ts';
import { deleteItem, keys, readAll, writeItem } from '../store.ts';
import { isLost, isOver, isThere, type Standing, standingsOf } from './members.ts';
import { type ReleaseRecord, ReleaseToken, type ReleaseWaitsFor } from './records.ts';
import { findRelease, readRelease } from './release-store.ts';

/** What is owed to a waiting state of a release, as it and its members stand; undefined: it goes on waiting. */
export function answerToRelease(
  { waitsFor, wave }: Pick<ReleaseToken, 'waitsFor' | 'wave'>,
  { cancel, approval, finish, members }: ReleaseRecord,
  standings: readonly Standing[],
): TaskAnswer | undefined {
  const go: TaskAnswer = { success: {} };
  const of = (wanted: (at: number) => boolean) =>
    standings.filter((_, at) => wanted(members[at]?.wave ?? -1));
  if (waitsFor === 'back') return of((at) => at === wave).every(isOver) ? go : undefined;
  if (cancel !== null) {
    const said = cancel.comment === null ? '' : `: ${cancel.comment}`;
    return { failure: 'ReleaseAborted', cause: `${cancel.by} asked for the way back${said}` };
  }
  if (waitsFor === 'approval') return approval === 'waiting' ? undefined : go;
  const lost = of((at) => at <= wave).find(isLost);
  if (lost !== undefined) {
    const cause = `${lost.service} (${lost.deployment}) is ${lost.status}: ${lost.failure ?? 'no reason given'}`;
    return { failure: 'MemberFailed', cause: cause.slice(0, 2_000) };
  }
  if (waitsFor === 'keep') return finish === null ? undefined : go;
  return of((at) => at === wave).every(isThere) ? go : undefined;
}

/** Keeps the token of a waiting state. An answer that was there before the token is given at once. */
export async function keepReleaseToken(
  id: string,
  waitsFor: ReleaseWaitsFor,
  wave: number,
  token: string,
): Promise<void> {
  await writeItem(keys.releaseToken(id, waitsFor), { waitsFor, wave, token });
  await deliverToRelease(await readRelease(id));
}

/** Gives every waiting state of a release the answer that it is owed; may run any number of times, by anybody. */
export async function deliverToRelease(record: ReleaseRecord): Promise<void> {
  const waiting = await readAll(ReleaseToken, keys.release(record.id).pk, 'TOKEN#');
  if (waiting.length === 0) return;
  const standings = await standingsOf(record.members);
  for (const one of waiting) {
    const answer = answerToRelease(one, record, standings);
    if (answer === undefined) continue;
    await answerTask(one.token, answer);
    await deleteItem(keys.releaseToken(record.id, one.waitsFor), {
      expression: '#token = :token',
      names: { '#token': 'token' },
      values: { ':token': one.token },
    });
  }
}

/** Tells the release of a deployment that this stands otherwise now. */
export async function tellRelease({ release }: DeploymentRecord): Promise<void> {
  if (release === null) return;
  const record = await findRelease(release.id);
  if (record !== undefined) await deliverToRelease(record);
}
