import { publishOutbox, readEventLog } from '#platform/event-log.ts';
import { forAllOpen } from '#platform/open-work.ts';
import type { TaskTools } from '#platform/task.ts';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import { keys, readPage, writeItem } from '../store.ts';
import { changeDeprecation, findDeprecation, readDeprecationWork } from './deprecation-store.ts';
import type { DeprecationRecord } from './records.ts';

const eventSource = 'theseus.apis';

/** Publishes what was stored and not sent, of all deprecations. Returns how many events. */
export async function publishDeprecations(tools: Pick<TaskTools, 'signal'>): Promise<number> {
  let published = 0;
  await forAllOpen(readDeprecationWork, tools, async (id) => {
    const record = await findDeprecation(id);
    if (record === undefined) return;
    published += await publishOutbox(record, {
      source: eventSource,
      about: { deprecation: id, api: record.api, version: record.version },
      keep: (event) => writeItem(keys.deprecationEvent(id, event.sequence), event),
      letGo: (publishedThrough) => changeDeprecation(id, () => ({ set: {}, publishedThrough })),
    });
  });
  return published;
}

/** A page of a deprecation's events, oldest first, those not yet published included. */
export const readDeprecationEvents = (record: DeprecationRecord, limit: number, after: number) =>
  readEventLog(readPage, WorkflowEvent, record, (sequence) => keys.deprecationEvent(record.id, sequence), {
    limit,
    after,
  });
