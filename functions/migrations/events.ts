import { BatchWriteCommand, type BatchWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { ServiceUnavailable } from '#platform/errors.ts';
import { readEventLog as readLog, sendEvents } from '#platform/event-log.ts';
import { jitteredBackoff } from '#platform/random.ts';
import type { ItemKey, Place } from '#platform/records.ts';
import type { TaskTools } from '#platform/task.ts';
import { enterPlatformAct } from './access/platform-acts.ts';
import { changeMigration, readMigrations, readWork } from './migration-store.ts';
import { changePrefix } from './monitoring/changes.ts';
import { tellSpans } from './monitoring/export-spans.ts';
import type { MigrationRecord } from './records.ts';
import { MigrationEvent } from './schemas.ts';
import { keys, readPage, table } from './store.ts';

/** The source of every event of migrations on the bus. */
export const eventSource = 'theseus.migrations';

const mostPages = 20;
/** EventBridge takes at most 10 entries in one call, a batch of writes 25. */
const batchSize = 10;
const writeAttempts = 10;

/** Publishes what was stored and not sent, of all migrations. Returns how many events. */
export async function publishAll(tools: Pick<TaskTools, 'signal' | 'logger' | 'metrics'>): Promise<number> {
  let published = 0;
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const work = await readWork(from);
    const records = await readMigrations(work.ids);
    const spans = await tellSpans(records, tools.logger);
    for (const record of records) {
      tools.signal.throwIfAborted();
      published += await publishEvents(record, tools.metrics, spans.get(record.id));
    }
    from = work.next;
    if (from === undefined) break;
  }
  return published;
}

/**
 * Sends a record's events and keeps each as an item of its own; then the record lets them go, and says which spans were
 * told. Cut off between, the next run sends them again: consumers know an event by migration and sequence.
 */
export async function publishEvents(
  record: MigrationRecord,
  metrics: Pick<TaskTools['metrics'], 'gauge'>,
  spans: MigrationRecord['spans'] | undefined,
): Promise<number> {
  const { outbox } = record;
  const last = outbox.at(-1);
  if (last === undefined && spans === undefined) return 0;
  const about = {
    migration: record.id,
    name: record.name,
    database: record.databaseId,
    schema: record.schema,
  };
  for (const event of outbox) await enterPlatformAct(record, event);
  await keepAndSend(outbox, (sequence) => keys.event(record.id, sequence), about);
  await changeMigration(record.id, () => ({
    set: spans === undefined ? {} : { spans },
    publishedThrough: last?.sequence ?? -1,
  }));
  for (const { type } of outbox) {
    if (!type.startsWith(changePrefix)) continue;
    metrics.gauge({ name: 'change', value: type.slice(changePrefix.length) }, 'Changes', 'count', 1);
  }
  return outbox.length;
}

/** Keeps events as items of their own and puts them on the bus; `about` goes with each of them. */
export async function keepAndSend(
  events: MigrationEvent[],
  keyOf: (sequence: number) => ItemKey,
  about: Record<string, string>,
): Promise<void> {
  for (let start = 0; start < events.length; start += batchSize) {
    const batch = events.slice(start, start + batchSize);
    await keep(batch, keyOf);
    await sendEvents(eventSource, batch, about);
  }
}

/** An event never changes: written again it is the same. Throws ServiceUnavailable when the table is too busy. */
async function keep(events: MigrationEvent[], keyOf: (sequence: number) => ItemKey): Promise<void> {
  let writes: NonNullable<BatchWriteCommandInput['RequestItems']> = {
    [table()]: events.map((event) => ({ PutRequest: { Item: { ...event, ...keyOf(event.sequence) } } })),
  };
  for (let attempt = 0; attempt < writeAttempts; attempt += 1) {
    const { UnprocessedItems = {} } = await dynamodb().send(new BatchWriteCommand({ RequestItems: writes }));
    writes = UnprocessedItems;
    if (Object.values(writes).every((left) => left.length === 0)) return;
    await clock.sleep(jitteredBackoff(attempt, 50, 2_000));
  }
  throw new ServiceUnavailable(`The table did not take all of ${events.length} events`, {
    evidence: { first: keyOf(events[0]?.sequence ?? 0).pk, attempts: writeAttempts },
  });
}

export interface EventsPage {
  items: MigrationEvent[];
  /** The sequence number after which the next page begins; undefined on the last. */
  next: number | undefined;
}

/** A page of a migration's events, oldest first, those not yet published included. */
export const readEvents = (record: MigrationRecord, limit: number, after: number): Promise<EventsPage> =>
  readEventLog(record, (sequence) => keys.event(record.id, sequence), limit, after);

/** The same of whatever keeps its events in this way. */
export const readEventLog = (
  record: Pick<MigrationRecord, 'outbox' | 'nextSequence'>,
  keyOf: (sequence: number) => ItemKey,
  limit: number,
  after: number,
): Promise<EventsPage> => readLog(readPage, MigrationEvent, record, keyOf, { limit, after });
