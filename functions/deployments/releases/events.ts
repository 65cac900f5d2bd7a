import type { Place } from '#platform/records.ts';
import type { TaskTools } from '#platform/task.ts';
import { sendEvents } from '../events.ts';
import { DeploymentEvent } from '../schemas.ts';
import { keys, readPage, writeItem } from '../store.ts';
import type { ReleaseRecord } from './records.ts';
import { changeRelease, findRelease, readReleaseWork } from './release-store.ts';

const mostPages = 20;
const batchSize = 10;

/** Publishes what was stored and not sent, of all releases. Returns how many events. */
export async function publishReleases({ signal }: Pick<TaskTools, 'signal'>): Promise<number> {
  let published = 0;
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const work = await readReleaseWork(from);
    for (const id of work.ids) {
      signal.throwIfAborted();
      const record = await findRelease(id);
      if (record !== undefined) published += await publish(record);
    }
    from = work.next;
    if (from === undefined) break;
  }
  return published;
}

/** As for deployments: cut off between, the next run sends them again. */
async function publish({ id, outbox }: ReleaseRecord): Promise<number> {
  const last = outbox.at(-1);
  if (last === undefined) return 0;
  for (let start = 0; start < outbox.length; start += batchSize) {
    const batch = outbox.slice(start, start + batchSize);
    await Promise.all(batch.map((event) => writeItem(keys.releaseEvent(id, event.sequence), event)));
    await sendEvents(batch, { release: id });
  }
  await changeRelease(id, () => ({ set: {}, publishedThrough: last.sequence }));
  return outbox.length;
}

/** A page of a release's events, oldest first, those not yet published included; `next` is the last one's sequence. */
export async function readReleaseEvents(
  { id, outbox, nextSequence }: ReleaseRecord,
  limit: number,
  after: number,
): Promise<{ items: DeploymentEvent[]; next: number | undefined }> {
  const page = await readPage(DeploymentEvent, {
    pk: keys.release(id).pk,
    prefix: 'EVENT#',
    limit,
    from: after < 0 ? undefined : { ...keys.releaseEvent(id, after) },
  });
  const seen = page.items.at(-1)?.sequence ?? after;
  const waiting = page.next === undefined ? outbox.filter(({ sequence }) => sequence > seen) : [];
  const items = [...page.items, ...waiting].slice(0, limit);
  const last = items.at(-1)?.sequence;
  return { items, next: last !== undefined && last < nextSequence - 1 ? last : undefined };
}
