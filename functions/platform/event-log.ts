import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { z } from 'zod';
import { eventBridge } from './clients.ts';
import { environmentVariable } from './environment.ts';
import { ServiceUnavailable } from './errors.ts';
import type { ItemKey, ItemPage, PageQuery } from './records.ts';
import type { WorkflowEvent, WorkflowRecord } from './workflow-record.ts';

// Events leave a workflow's record in two ways: onto the bus, and into items of their own, where its history is read.

/** EventBridge takes at most 10 entries in one call. */
const batchSize = 10;

/** Puts events on the bus, at most 10. Throws ServiceUnavailable when any is refused. */
export async function sendEvents(
  source: string,
  events: WorkflowEvent[],
  about: Record<string, string>,
): Promise<void> {
  const answer = await eventBridge().send(
    new PutEventsCommand({
      Entries: events.map((event) => ({
        EventBusName: environmentVariable('EVENT_BUS_NAME'),
        Source: source,
        DetailType: event.type,
        Time: new Date(event.at),
        Detail: JSON.stringify({ ...about, ...event }),
      })),
    }),
  );
  if ((answer.FailedEntryCount ?? 0) === 0) return;
  throw new ServiceUnavailable(`EventBridge refused ${answer.FailedEntryCount} events`, { evidence: about });
}

export interface Publishing {
  /** Of the events on the bus, such as `theseus.deployments`. */
  source: string;
  /** What goes with every event: of whom it tells. */
  about: Record<string, string>;
  keep: (event: WorkflowEvent) => Promise<unknown>;
  /** Lets the record forget what was published. */
  letGo: (publishedThrough: number) => Promise<unknown>;
}

/**
 * Sends a record's events and keeps each as an item of its own; then the record lets them go. Cut off between, the next
 * run sends them again: consumers know an event by its record and sequence. Returns how many were sent.
 */
export async function publishOutbox(
  { outbox }: Pick<WorkflowRecord, 'outbox'>,
  { source, about, keep, letGo }: Publishing,
): Promise<number> {
  const last = outbox.at(-1);
  if (last === undefined) return 0;
  for (let start = 0; start < outbox.length; start += batchSize) {
    const batch = outbox.slice(start, start + batchSize);
    await Promise.all(batch.map(keep));
    await sendEvents(source, batch, about);
  }
  await letGo(last.sequence);
  return outbox.length;
}

/** The key of one event of a record; keys of a record order as its events do, below `EVENT#`. */
export type EventKey = (sequence: number) => ItemKey;
export const eventSortKey = (sequence: number): string => `EVENT#${String(sequence).padStart(8, '0')}`;

/** A page of a record's events, oldest first, those not yet published included; `next` is the last one's sequence. */
export async function readEventLog<T extends z.ZodType<WorkflowEvent>>(
  read: (schema: T, query: PageQuery) => Promise<ItemPage<WorkflowEvent>>,
  schema: T,
  { outbox, nextSequence }: Pick<WorkflowRecord, 'outbox' | 'nextSequence'>,
  keyOf: EventKey,
  { limit, after }: { limit: number; after: number },
): Promise<{ items: WorkflowEvent[]; next: number | undefined }> {
  const page = await read(schema, {
    pk: keyOf(0).pk,
    prefix: 'EVENT#',
    limit,
    from: after < 0 ? undefined : { ...keyOf(after) },
  });
  const seen = page.items.at(-1)?.sequence ?? after;
  const waiting = page.next === undefined ? outbox.filter(({ sequence }) => sequence > seen) : [];
  const items = [...page.items, ...waiting].slice(0, limit);
  const last = items.at(-1)?.sequence;
  return { items, next: last !== undefined && last < nextSequence - 1 ? last : undefined };
}
