import { publishOutbox, readEventLog } from '#platform/event-log.ts';
import { forAllOpen } from '#platform/open-work.ts';
import type { TaskTools } from '#platform/task.ts';
import { eventSource } from '../events.ts';
import { DeploymentEvent } from '../schemas.ts';
import { keys, readPage, writeItem } from '../store.ts';
import type { ReleaseRecord } from './records.ts';
import { changeRelease, findRelease, readReleaseWork } from './release-store.ts';

/** Publishes what was stored and not sent, of all releases. Returns how many events. */
export async function publishReleases(tools: Pick<TaskTools, 'signal'>): Promise<number> {
  let published = 0;
  await forAllOpen(readReleaseWork, tools, async (id) => {
    const record = await findRelease(id);
    if (record === undefined) return;
    published += await publishOutbox(record, {
      source: eventSource,
      about: { release: id },
      keep: (event) => writeItem(keys.releaseEvent(id, event.sequence), event),
      letGo: (publishedThrough) => changeRelease(id, () => ({ set: {}, publishedThrough })),
    });
  });
  return published;
}

/** A page of a release's events, oldest first, those not yet published included; `next` is the last one's sequence. */
export const readReleaseEvents = (record: ReleaseRecord, limit: number, after: number) =>
  readEventLog(readPage, DeploymentEvent, record, (sequence) => keys.releaseEvent(record.id, sequence), {
    limit,
    after,
  });
