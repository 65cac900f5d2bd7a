import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { eventBridge } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { ServiceUnavailable } from '#platform/errors.ts';
import type { TaskTools } from '#platform/task.ts';
import type { MigrationRecord } from './records.ts';
import { MigrationEvent } from './schemas.ts';
import { changeMigration, keys, type Place, readMigrations, readPage, readWork, writeItem } from './store.ts';

/** The source of every event of migrations on the bus. */
export const eventSource = 'theseus.migrations';

const mostPages = 20;
/** EventBridge takes at most 10 entries in one call. */
const batchSize = 10;

/** Publishes what was stored and not sent, of all migrations. Returns how many events. */
export async function publishAll(tools: Pick<TaskTools, 'signal'>): Promise<number> {
  let published = 0;
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const work = await readWork(from);
    for (const record of await readMigrations(work.ids)) {
      tools.signal.throwIfAborted();
      published += await publishEvents(record);
    }
    from = work.next;
    if (from === undefined) break;
  }
  return published;
}

/**
 * Sends a record's events and keeps each as an item of its own; then the record lets them go. Cut off between, the next
 * run sends them again: consumers know an event by migration and sequence.
 */
export async function publishEvents(record: MigrationRecord): Promise<number> {
  const { outbox } = record;
  const last = outbox.at(-1);
  if (last === undefined) return 0;
  for (let start = 0; start < outbox.length; start += batchSize) {
    const batch = outbox.slice(start, start + batchSize);
    for (const event of batch) await writeItem(keys.event(record.id, event.sequence), event);
    await send(record, batch);
  }
  await changeMigration(record.id, () => ({ set: {}, publishedThrough: last.sequence }));
  return outbox.length;
}

async function send(record: MigrationRecord, events: MigrationEvent[]): Promise<void> {
  const answer = await eventBridge().send(
    new PutEventsCommand({
      Entries: events.map((event) => ({
        EventBusName: environmentVariable('EVENT_BUS_NAME'),
        Source: eventSource,
        DetailType: event.type,
        Time: new Date(event.at),
        Detail: JSON.stringify({
          migration: record.id,
          name: record.name,
          database: record.databaseId,
          schema: record.schema,
          ...event,
        }),
      })),
    }),
  );
  if ((answer.FailedEntryCount ?? 0) > 0) {
    throw new ServiceUnavailable(`EventBridge refused ${answer.FailedEntryCount} events of ${record.id}`, {
      evidence: { migration: record.id },
    });
  }
}

/** A page of a migration's events, oldest first, those not yet published included. */
export async function readEvents(
  record: MigrationRecord,
  limit: number,
  after: number,
): Promise<{ items: MigrationEvent[]; next: number | undefined }> {
  const page = await readPage(MigrationEvent, {
    pk: keys.migration(record.id).pk,
    prefix: 'EVENT#',
    limit,
    from: after < 0 ? undefined : { ...keys.event(record.id, after) },
  });
  const seen = page.items.at(-1)?.sequence ?? after;
  const waiting = page.next === undefined ? record.outbox.filter(({ sequence }) => sequence > seen) : [];
  const items = [...page.items, ...waiting].slice(0, limit);
  const last = items.at(-1)?.sequence;
  return { items, next: last !== undefined && last < record.nextSequence - 1 ? last : undefined };
}
