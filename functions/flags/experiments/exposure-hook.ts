import type { EvaluationDetails, FlagValue, Hook, HookContext } from '@openfeature/server-sdk';
import { clock } from '#platform/clock.ts';
import { batchQueue } from '../openfeature/batch-queue.ts';
import { deliver, type PlatformEndpoint } from '../openfeature/tracks.ts';
import type { ExposureBatch } from './events.ts';
import { hourOf } from './events.ts';
import { isSomebody } from './limits.ts';
import { Remembered } from './remembered.ts';

type Exposure = ExposureBatch['events'][number];
type Counted = NonNullable<ExposureBatch['evaluations']>[number];
type Reported = { exposure: Exposure } | { counted: Counted };

export interface ExposureHookOptions extends PlatformEndpoint {
  /** The same user and variant of a flag are reported once in this time, ms. */
  windowMs?: number;
  /** Users and variants that are remembered; beyond, those seen longest ago are reported again. */
  mostRemembered?: number;
  /** How long exposures wait for others, ms. */
  collectMs?: number;
  /** How long evaluations are counted before the counts are sent, ms. */
  countMs?: number;
  /** More than this does not wait while the platform is away: it is dropped and counted. */
  mostWaiting?: number;
}

/** A hook of OpenFeature that reports who saw which variant. */
export interface ExposureHook extends Hook {
  /** Sends what waits: at the end of an invocation of Lambda, and before conversions are sent. */
  flush(): Promise<void>;
  /** Sends what waits, and reports nothing more. */
  close(): Promise<void>;
  stats(): { reported: number; dropped: number };
}

/** Keys of counters: none of their parts holds this character. */
const between = '\u0000';
const mostCounters = 5_000;
/** A batch is counted before it is answered: larger ones would take long. */
const largestBatch = 250;
const answerMs = 10_000;

/**
 * Reports exposures to the platform: each user and variant once in a while, evaluations as counts. It never waits, never
 * throws into an evaluation, and keeps a bounded amount while the platform is away. Users without a targeting key are
 * counted as evaluations only.
 */
export function exposureHook({
  windowMs = 3_600_000,
  mostRemembered = 10_000,
  collectMs = 1_000,
  countMs = 10_000,
  mostWaiting = 10_000,
  ...endpoint
}: ExposureHookOptions): ExposureHook {
  const seen = new Remembered<true>(mostRemembered);
  const counters = new Map<string, Counted>();
  let reported = 0;
  let alarm: AbortController | undefined;
  let closed = false;
  const queue = batchQueue<Reported>({
    prefix: 'exposures',
    collectMs,
    largestBatch,
    mostWaiting,
    timeoutMs: answerMs,
    async send({ id, events }, signal) {
      const body: ExposureBatch = {
        id,
        events: events.flatMap((one) => ('exposure' in one ? [one.exposure] : [])),
        evaluations: events.flatMap((one) => ('counted' in one ? [one.counted] : [])),
      };
      await deliver(endpoint, 'exposures', body, signal);
    },
  });

  function count(flag: string, variant: string, at: string): void {
    const key = [flag, variant, hourOf(at)].join(between);
    const found = counters.get(key);
    if (found !== undefined) {
      found.count += 1;
      found.at = at;
      return;
    }
    counters.set(key, { flag, variant, at, count: 1 });
    if (counters.size > mostCounters) sendCounts();
    else countLater();
  }

  function sendCounts(): void {
    alarm?.abort();
    alarm = undefined;
    for (const counted of counters.values()) queue.add({ counted });
    counters.clear();
  }

  function countLater(): void {
    if (alarm !== undefined) return;
    alarm = new AbortController();
    clock.sleep(countMs, alarm.signal).then(sendCounts, () => {});
  }

  function note(context: Readonly<HookContext>, details: EvaluationDetails<FlagValue>): void {
    const { variant, reason, errorCode } = details;
    if (variant === undefined || errorCode !== undefined) return;
    const flag = context.flagKey;
    const at = clock.iso();
    count(flag, variant, at);
    const { targetingKey } = context.context;
    if (!isSomebody(targetingKey)) return;
    // Of a flag that was changed everybody is reported anew: who counts it may have begun anew with the change.
    const version = String(details.flagMetadata?.version ?? '');
    const key = [flag, variant, version, targetingKey].join(between);
    const before = seen.get(key);
    if (before !== undefined && before.ageMs < windowMs) return;
    seen.set(key, true);
    reported += 1;
    queue.add({
      exposure: {
        flag,
        variant,
        targetingKey,
        at,
        ...(reason === undefined ? {} : { reason: reason.slice(0, 64) }),
      },
    });
  }

  return {
    after(context, details) {
      try {
        if (!closed) note(context, details);
      } catch {
        // An evaluation goes on whatever becomes of its report.
      }
    },
    async flush() {
      sendCounts();
      await queue.flush();
    },
    async close() {
      closed = true;
      sendCounts();
      await queue.close();
    },
    stats: () => ({ reported, dropped: queue.dropped() }),
  };
}
