import { clock } from '#platform/clock.ts';
import { bucketOf, quantile } from '#platform/latency-histogram.ts';
import { random } from '#platform/random.ts';
import { invocationMetrics } from '#platform/telemetry.ts';
import { addTraffic, type CountedWindow, trafficShards, windowMs } from './store.ts';

/** What came of one request to a version. */
export interface Outcome {
  service: string;
  version: string;
  /** The version's own failure: 5xx, no connection, broken off, too late. Not what the client did wrong. */
  failed: boolean;
  /** Until the response began, ms. */
  latencyMs: number;
}

const flushEveryMs = 1_000;
const longestFlushMs = 2_000;
/** Windows that are kept when the table cannot be reached; the oldest go first. */
const mostWindows = 500;

export interface TrafficRecorder {
  /** Counts a request. Called later, what it returns says that its response broke off: it failed after all. */
  record(outcome: Outcome): () => void;
  /** Whether there is something to write and the last time was long enough ago. */
  due(): boolean;
  /** Writes what was counted; what could not be written is kept for the next time. Never rejects, takes at most 2 s. */
  flush(): Promise<void>;
}

const keyOf = (service: string, version: string, start: number) => `${service}#${version}#${start}`;

/** Counts requests in memory and adds them to the table at most once a second: a request costs no write of its own. */
export function trafficRecorder(save: typeof addTraffic = addTraffic): TrafficRecorder {
  let counted = new Map<string, CountedWindow>();
  let lastFlush = Number.NEGATIVE_INFINITY;
  let flushing: Promise<void> | undefined;

  function add(window: CountedWindow): void {
    const key = keyOf(window.service, window.version, window.start);
    const sum = counted.get(key);
    if (sum === undefined) {
      counted.set(key, window);
      const [oldest] = counted.keys();
      if (counted.size > mostWindows && oldest !== undefined) counted.delete(oldest);
      return;
    }
    sum.requests += window.requests;
    sum.errors += window.errors;
    for (const [bucket, count] of Object.entries(window.latency))
      sum.latency[bucket] = (sum.latency[bucket] ?? 0) + count;
  }

  async function write(): Promise<void> {
    const windows = [...counted.values()];
    counted = new Map();
    const shard = Math.floor(random() * trafficShards);
    const written = await Promise.all(
      windows.map(async (window) => {
        try {
          await save(shard, window);
          return [window];
        } catch {
          add(window); // the judge sees it later, or after 500 windows not at all
          return [];
        }
      }),
    );
    publish(written.flat());
  }

  return {
    record({ service, version, failed, latencyMs }) {
      const start = Math.floor(clock.now() / windowMs) * windowMs;
      const latency = { [bucketOf(latencyMs)]: 1 };
      add({ service, version, start, requests: 1, errors: failed ? 1 : 0, latency });
      return () => {
        if (!failed) add({ service, version, start, requests: 0, errors: 1, latency: {} });
      };
    },
    due: () => counted.size > 0 && clock.monotonic() - lastFlush >= flushEveryMs,
    flush() {
      if (flushing === undefined && counted.size === 0) return Promise.resolve();
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

/** The same figures for dashboards and alarms, a metric for each version of a service. */
function publish(windows: readonly CountedWindow[]): void {
  const { metrics, publish: send } = invocationMetrics('gateway');
  for (const { service, version, requests, errors, latency } of windows) {
    const dimension = { name: 'version', value: `${service}/${version}` };
    metrics.gauge(dimension, 'Requests', 'count', requests);
    metrics.gauge(dimension, 'Errors', 'count', errors);
    metrics.gauge(dimension, 'LatencyP95', 'milliseconds', quantile(latency, 0.95) ?? 0);
  }
  send();
}
