import { clock } from '#platform/clock.ts';
import { random } from '#platform/random.ts';
import { invocationMetrics } from '#platform/telemetry.ts';
import { add, type Count, keyOf, ofOthers } from './counts.ts';
import type { SentOperation } from './operations.ts';
import { addCount } from './store.ts';
import { toldFields } from './told-fields.ts';

/** What became of one request to a version of an API. */
export interface Use {
  api: string;
  version: string;
  consumer: string;
  endpoint: string;
  /** Answered with 4xx or 5xx. */
  failed: boolean;
  /** The brownout that refused it. */
  brownout?: string | undefined;
  /** What it sent and received, if that was looked at; undefined within: it could not be told. */
  fields?: { sent: ReadonlySet<string> | undefined; received: ReadonlySet<string> | undefined } | undefined;
  /** Of a GraphQL API. */
  operations?: readonly SentOperation[] | undefined;
}

const flushEveryMs = 5_000;
/** Harm that a brownout does is told sooner. */
const flushRefusedMs = 1_000;
const longestFlushMs = 2_000;
/** What is counted apart between two flushes; consumers beyond are counted together, and beyond that not at all. */
const mostCounts = 2_000;
const mostOthers = 500;
/** So many counts are written at the same time. */
const atOnce = 25;

export interface UsageRecorder {
  /** Whether the fields of a request are to be looked at: the first of each consumer, endpoint and day is, others by chance. */
  looks(use: Pick<Use, 'api' | 'version' | 'consumer' | 'endpoint'>, sample: number): boolean;
  record(use: Use): void;
  due(): boolean;
  /** Writes what was counted; what could not be written is kept. Never rejects, takes at most 2 s. */
  flush(): Promise<void>;
}

const today = (): string => clock.iso().slice(0, 10);
const placeOf = ({
  api,
  version,
  consumer,
  endpoint,
}: Pick<Use, 'api' | 'version' | 'consumer' | 'endpoint'>) =>
  [today(), api, version, consumer, endpoint].join('\0');

/** Counts requests in memory and adds them to the table every 5 s. Memory is bounded, whoever asks for whatever. */
export function usageRecorder(save: typeof addCount = addCount): UsageRecorder {
  let counts = new Map<string, Count>();
  let refused = false;
  let lastFlush = Number.NEGATIVE_INFINITY;
  let flushing: Promise<void> | undefined;
  const told = toldFields();

  function count(one: Count): void {
    const place = counts.size < mostCounts || counts.has(keyOf(one)) ? one : ofOthers(one);
    const sum = counts.get(keyOf(place));
    if (sum !== undefined) add(sum, place);
    else if (counts.size < mostCounts + mostOthers) counts.set(keyOf(place), place);
  }

  function fieldsOf(use: Use) {
    const nothing = { looked: 0, sent: new Set<string>(), received: new Set<string>(), unknownFields: false };
    if (use.fields === undefined) return nothing;
    const sent = told.fresh(placeOf(use), 'sent', use.fields.sent ?? new Set());
    const received = told.fresh(placeOf(use), 'received', use.fields.received ?? new Set());
    const unread = use.fields.sent === undefined || use.fields.received === undefined;
    const unknownFields = unread || sent.full || received.full;
    return { looked: 1, sent: sent.fresh, received: received.fresh, unknownFields };
  }

  async function write(): Promise<void> {
    const taken = [...counts.values()];
    counts = new Map();
    refused = false;
    const written: Count[] = [];
    for (let at = 0; at < taken.length; at += atOnce) {
      await Promise.all(
        taken.slice(at, at + atOnce).map(async (one) => {
          try {
            await save(one);
            written.push(one);
          } catch {
            count(one); // told with the next ones
          }
        }),
      );
    }
    publish(written);
  }

  return {
    looks: (use, sample) => sample > 0 && (!told.has(placeOf(use)) || random() < sample),
    record(use) {
      const { api, version, consumer, endpoint, failed, brownout, operations = [] } = use;
      const series = { api, day: today(), version, consumer, requests: 1 };
      const used = { ...series, errors: failed ? 1 : 0, lastSeen: clock.iso() };
      count({ kind: 'endpoint', ...used, endpoint, ...fieldsOf(use) });
      for (const { hash, name, fields } of operations) {
        const unknownFields = fields === undefined;
        count({ kind: 'operation', ...used, hash, name, fields: new Set(fields), unknownFields });
      }
      if (brownout !== undefined) {
        count({ kind: 'refused', ...series, brownout });
        refused = true;
      }
    },
    due: () => counts.size > 0 && clock.monotonic() - lastFlush >= (refused ? flushRefusedMs : flushEveryMs),
    flush() {
      if (flushing === undefined && counts.size === 0) return Promise.resolve();
      if (flushing === undefined) {
        lastFlush = clock.monotonic();
        flushing = write().finally(() => {
          flushing = undefined;
        });
      }
      const patience = new AbortController();
      const tired = clock.sleep(longestFlushMs, patience.signal).catch(() => {});
      return Promise.race([flushing, tired]).finally(() => patience.abort());
    },
  };
}

/** The same figures for dashboards: metrics of each version of an API. */
function publish(counts: readonly Count[]): void {
  const { metrics, publish: send } = invocationMetrics('gateway');
  for (const [value, own] of Map.groupBy(counts, ({ api, version }) => `${api}/${version}`)) {
    const dimension = { name: 'apiVersion', value };
    const total = { requests: 0, errors: 0, refused: 0 };
    for (const one of own) {
      if (one.kind === 'refused') total.refused += one.requests;
      if (one.kind !== 'endpoint') continue;
      total.requests += one.requests;
      total.errors += one.errors;
    }
    metrics.gauge(dimension, 'ApiRequests', 'count', total.requests);
    metrics.gauge(dimension, 'ApiErrors', 'count', total.errors);
    metrics.gauge(dimension, 'BrownoutRefusals', 'count', total.refused);
  }
  send();
}
