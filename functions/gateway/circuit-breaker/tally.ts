import type { BreakerPolicy } from './policy.ts';

/** What came of calls. */
export interface Tally {
  calls: number;
  failures: number;
  slow: number;
}

export const noCalls: Tally = { calls: 0, failures: 0, slow: 0 };

export const addTallies = (one: Tally, other: Tally): Tally => ({
  calls: one.calls + other.calls,
  failures: one.failures + other.failures,
  slow: one.slow + other.slow,
});

type Rates = Pick<BreakerPolicy, 'failureRate' | 'slowRate' | 'slowMs'>;

/** Which rate these calls reach; undefined when neither. */
export function reachedRate(
  { calls, failures, slow }: Tally,
  { failureRate, slowRate, slowMs }: Rates,
): 'failures' | 'slow' | undefined {
  if (calls === 0) return undefined;
  if (failures / calls >= failureRate) return 'failures';
  return slowMs !== null && slow / calls >= slowRate ? 'slow' : undefined;
}

/** Why these calls open a breaker; undefined when they do not, or are too few. */
export const reasonToOpen = (tally: Tally, policy: BreakerPolicy): 'failures' | 'slow' | undefined =>
  tally.calls < policy.minimumCalls ? undefined : reachedRate(tally, policy);

/** A window moves on in tenths, and never in steps shorter than a second. */
export const bucketMs = ({ windowMs }: Pick<BreakerPolicy, 'windowMs'>): number =>
  Math.max(1_000, Math.ceil(windowMs / 10));

/** When the bucket of a moment begins, epoch ms. */
export const bucketAt = (policy: Pick<BreakerPolicy, 'windowMs'>, now: number): number =>
  Math.floor(now / bucketMs(policy)) * bucketMs(policy);

/** When the oldest bucket begins that counts at a moment, epoch ms. */
export const windowStart = (policy: Pick<BreakerPolicy, 'windowMs'>, now: number): number =>
  bucketAt(policy, now - policy.windowMs + bucketMs(policy));

/** What this process saw itself within the window. */
export function ownWindow(policy: BreakerPolicy) {
  const buckets = new Map<number, Tally>();
  const forget = (now: number) => {
    const from = windowStart(policy, now);
    for (const bucket of buckets.keys()) if (bucket < from) buckets.delete(bucket);
  };
  return {
    add(tally: Tally, now: number): void {
      forget(now);
      const bucket = bucketAt(policy, now);
      buckets.set(bucket, addTallies(buckets.get(bucket) ?? noCalls, tally));
    },
    /**
     * Whether all processes together may have reached a rate. When they have, the average process has, so at least one
     * has by itself: the others need not look.
     */
    suspects(now: number): boolean {
      forget(now);
      return reachedRate([...buckets.values()].reduce(addTallies, noCalls), policy) !== undefined;
    },
    clear: () => buckets.clear(),
  };
}
