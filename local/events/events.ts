import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type EventBridgeClient,
  type PutEventsCommandInput,
  type PutEventsCommandOutput,
  type PutEventsRequestEntry,
  ResourceNotFoundException,
} from '@aws-sdk/client-eventbridge';
import { attach } from '../attach.ts';
import type { Clock } from '../clock.ts';
import { knownFields } from '../known-fields.ts';
import { compilePattern, type Json } from './pattern.ts';
import { type Deliver, type Delivery, openQueue } from './queue.ts';

/** An event in the shape that rules, functions and state machines see. */
export type Event = {
  version: '0';
  id: string;
  'detail-type': string;
  source: string;
  account: string;
  /** ISO 8601, whole seconds. */
  time: string;
  region: string;
  resources: string[];
  detail: Json;
};

/** Sends the events of a bus (`default` when absent) that match a pattern to functions and state machines, by ARN. */
export type Rule = {
  name: string;
  bus?: string;
  pattern: Json;
  targets: readonly { arn: string; input?: Json }[];
};

const MOST_ENTRIES = 10;
const MOST_BYTES = 256 * 1024;

/**
 * EventBridge on the laptop. An accepted event is on disk for every target before the call returns, and is delivered
 * at least once, across restarts.
 */
export function createEvents(options: {
  directory: string;
  clock: Clock;
  rules: readonly Rule[];
  /** Names of the buses besides `default`. */
  buses?: readonly string[];
  deliver: Deliver;
  onUndelivered?: (delivery: Delivery, error: unknown) => void;
}) {
  const folder = join(options.directory, 'events');
  const buses = new Set(['default', ...(options.buses ?? [])]);
  const rules = options.rules.map((rule) => {
    const bus = rule.bus ?? 'default';
    if (!buses.has(bus))
      throw new Error(`Rule ${rule.name} is on the bus ${bus}, which is not among ${[...buses].join(', ')}.`);
    try {
      return { ...rule, bus, matches: compilePattern(rule.pattern) };
    } catch (cause) {
      throw new Error(`Rule ${rule.name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
  });
  const listeners = new Set<{ matches: (event: Json) => boolean; hear: (event: Event) => void }>();
  const queue = openQueue({
    file: join(folder, 'queue.jsonl'),
    clock: options.clock,
    deliver: options.deliver,
    onUndelivered: options.onUndelivered ?? (() => {}),
  });

  async function accept(bus: string, events: readonly Event[]): Promise<void> {
    const deliveries = events.flatMap((event) =>
      rules
        .filter((rule) => rule.bus === bus && rule.matches(event))
        .flatMap((rule) =>
          rule.targets.map((target) => ({ target: target.arn, input: target.input ?? event })),
        ),
    );
    await queue.add(deliveries);
    for (const event of events) for (const { matches, hear } of listeners) if (matches(event)) hear(event);
  }

  const completed = (event: Partial<Event> & Pick<Event, 'source' | 'detail-type' | 'detail'>): Event => ({
    version: '0',
    id: randomUUID(),
    account: '000000000000',
    time: `${new Date(options.clock.now()).toISOString().slice(0, 19)}Z`,
    region: 'local',
    resources: [],
    ...event,
  });

  function problemOf(entry: PutEventsRequestEntry): { ErrorCode: string; ErrorMessage: string } | undefined {
    const missing = (['Source', 'DetailType', 'Detail'] as const).find((field) => !entry[field]);
    if (missing)
      return {
        ErrorCode: 'InvalidArgument',
        ErrorMessage: `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`,
      };
    if (entry.Source?.startsWith('aws.')) {
      return {
        ErrorCode: 'NotAuthorizedForSource',
        ErrorMessage: 'Sources that begin with aws. are for AWS itself.',
      };
    }
    try {
      const detail: unknown = JSON.parse(entry.Detail ?? '');
      if (typeof detail === 'object' && detail !== null && !Array.isArray(detail)) return undefined;
    } catch {
      // answered below
    }
    return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed: expected a JSON object.' };
  }

  async function putEvents(input: PutEventsCommandInput): Promise<Omit<PutEventsCommandOutput, '$metadata'>> {
    knownFields('EventBridge.PutEvents', input, ['Entries']);
    const entries = input.Entries ?? [];
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    if (entries.length < 1 || entries.length > MOST_ENTRIES || bytes > MOST_BYTES) {
      throw Object.assign(
        new Error(
          `PutEvents takes 1 to ${MOST_ENTRIES} entries of at most ${MOST_BYTES} bytes together; these are ${entries.length} of ${bytes}.`,
        ),
        { name: 'ValidationException' },
      );
    }
    const answers: { EventId?: string; ErrorCode?: string; ErrorMessage?: string }[] = [];
    for (const entry of entries) {
      knownFields('EventBridge.PutEvents', entry, [
        'Time',
        'Source',
        'Resources',
        'DetailType',
        'Detail',
        'EventBusName',
        'TraceHeader',
      ]);
      const bus = (entry.EventBusName ?? 'default').replace(/^arn:aws:events:.*:event-bus\//, '');
      if (!buses.has(bus))
        throw new ResourceNotFoundException({ message: `Event bus ${bus} does not exist.`, $metadata: {} });
      const problem = problemOf(entry);
      if (problem) {
        answers.push(problem);
        continue;
      }
      const event = completed({
        source: entry.Source ?? '',
        'detail-type': entry.DetailType ?? '',
        detail: JSON.parse(entry.Detail ?? '') as Json, // JSON.parse yields JSON
        resources: entry.Resources ?? [],
        ...(entry.Time ? { time: `${entry.Time.toISOString().slice(0, 19)}Z` } : {}),
      });
      await accept(bus, [event]);
      answers.push({ EventId: event.id });
    }
    return {
      Entries: answers,
      FailedEntryCount: answers.filter((answer) => answer.ErrorCode !== undefined).length,
    };
  }

  return {
    /** Answers the client's EventBridge calls from here; returns the detacher. */
    attach: (client: EventBridgeClient): (() => void) =>
      attach(client, 'EventBridge', { PutEvents: putEvents }),
    /** For the services themselves: puts an event of AWS's own on the default bus; resolves when it is on disk. */
    publish: (event: {
      source: string;
      detailType: string;
      detail: Json;
      resources?: string[];
    }): Promise<void> =>
      accept('default', [
        completed({
          source: event.source,
          'detail-type': event.detailType,
          detail: event.detail,
          resources: event.resources ?? [],
        }),
      ]),
    /** Hears the events that match while this process lives, each at most once. Returns the function that ends it. */
    listen(pattern: Json, hear: (event: Event) => void): () => void {
      const listener = { matches: compilePattern(pattern), hear };
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    /** Resolves when nothing is being delivered; retries that wait for their time do not count. */
    settled: () => queue.settled(),
    /** Delivers what the last process left. */
    start(): Promise<void> {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return queue.start();
    },
    stop: () => queue.stop(),
  };
}

export type Events = ReturnType<typeof createEvents>;

/** An entry's size as EventBridge counts it. */
function entryBytes(entry: PutEventsRequestEntry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), entry.Time ? 14 : 0);
}
