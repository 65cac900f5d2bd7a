import { publishOutbox, readEventLog } from '#platform/event-log.ts';
import { forAllOpen } from '#platform/open-work.ts';
import type { TaskTools } from '#platform/task.ts';
import { eventSource } from '../events.ts';
import { keys, readPage, writeItem } from '../store.ts';
import type { UpdateRecord } from './records.ts';
import { UpdateEvent } from './schemas.ts';
import { changeUpdate, findUpdate, readUpdateWork } from './update-store.ts';

/** Publishes what was stored and not sent, of all updates. Returns how many events. */
export async function publishUpdates(tools: Pick<TaskTools, 'signal'>): Promise<number> {
  let published = 0;
  await forAllOpen(readUpdateWork, tools, async (id) => {
    const record = await findUpdate(id);
    if (record !== undefined) published += await publishUpdate(record);
  });
  return published;
}

/** Publishes what was stored and not sent of one update. Returns how many events. */
export const publishUpdate = (record: UpdateRecord): Promise<number> =>
  publishOutbox(record, {
    source: eventSource,
    about: { update: record.id },
    keep: (event) => writeItem(keys.updateEvent(record.id, event.sequence), event),
    letGo: (publishedThrough) => changeUpdate(record.id, () => ({ set: {}, publishedThrough })),
  });

/** A page of an update's events, oldest first, those not yet published included; `next` is the last one's sequence. */
export const readUpdateEvents = (record: UpdateRecord, limit: number, after: number) =>
  readEventLog(readPage, UpdateEvent, record, (sequence) => keys.updateEvent(record.id, sequence), {
    limit,
    after,
  });
