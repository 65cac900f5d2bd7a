import { noJitterGenerator } from 'cockatiel';
import type { BreakerPolicy } from './policy.ts';
import type { BreakerRecord, ClosedRecord, HalfOpenRecord, OpenRecord, WhyOpen } from './record.ts';

// Every change of a breaker's record. All take the moment in epoch ms and chance in [0, 1).

/** How much of an open period is left to chance: breakers that opened together do not probe together. */
const jitter = 0.2;
/** Those refused while another probes come back soon, ms: what it finds out may be known any moment. */
export const soonMs = 1_000;

export const registered = (name: string, policy: BreakerPolicy, now: number): ClosedRecord => ({
  schemaVersion: 1,
  name,
  version: 1,
  generation: 1,
  since: now,
  policy,
  state: 'closed',
  openings: 0,
});

export type Verdict =
  | { kind: 'call' }
  /** Whoever takes the lease of `from` may call. */
  | { kind: 'probe'; from: OpenRecord | HalfOpenRecord }
  /** `retryAfterMs` is null where only a person ends it. */
  | { kind: 'refuse'; retryAfterMs: number | null };

/** Whether a call may be made now. */
export function verdictOf(record: BreakerRecord, now: number): Verdict {
  switch (record.state) {
    case 'closed':
      return { kind: 'call' };
    case 'isolated':
      return { kind: 'refuse', retryAfterMs: null };
    case 'open':
      return now >= record.retryAt
        ? { kind: 'probe', from: record }
        : { kind: 'refuse', retryAfterMs: record.retryAt - now };
    case 'half_open':
      return record.lease === null || now >= record.lease.until
        ? { kind: 'probe', from: record }
        : { kind: 'refuse', retryAfterMs: Math.min(record.lease.until - now, soonMs) };
  }
}

/** How long it stays open the n-th time in a row, ms: doubled each time up to the longest, less up to a fifth of it by chance. */
export function openPeriodMs(openings: number, policy: BreakerPolicy, chance: number): number {
  const [whole] = noJitterGenerator(openings - 1, {
    generator: noJitterGenerator,
    initialDelay: policy.openMs,
    maxDelay: policy.longestOpenMs,
    exponent: 2,
  });
  return Math.round(whole * (1 - jitter * chance));
}

const following = (record: BreakerRecord, policy: BreakerPolicy) => ({
  schemaVersion: 1 as const,
  name: record.name,
  version: record.version + 1,
  generation: record.generation,
  policy,
});

export function opened(
  record: ClosedRecord | HalfOpenRecord,
  policy: BreakerPolicy,
  now: number,
  chance: number,
  why: WhyOpen,
): OpenRecord {
  // One that closed and opens again before long was not well.
  const inARow = record.state === 'half_open' || now - record.since < policy.longestOpenMs;
  const openings = inARow ? record.openings + 1 : 1;
  const retryAt = now + openPeriodMs(openings, policy, chance);
  return { ...following(record, policy), state: 'open', since: now, openings, retryAt, why };
}

/** The probe failed: open again, for longer. */
export const probeFailed = (
  record: HalfOpenRecord,
  policy: BreakerPolicy,
  now: number,
  chance: number,
): OpenRecord => opened(record, policy, now, chance, { what: 'probe', calls: 1, failures: 1, slow: 0 });

/** The holder alone may probe until its lease ends. */
export function leaseTaken(
  record: OpenRecord | HalfOpenRecord,
  policy: BreakerPolicy,
  now: number,
  holder: string,
): HalfOpenRecord {
  const { openings, why } = record;
  return {
    ...following(record, policy),
    state: 'half_open',
    since: record.state === 'half_open' ? record.since : now,
    openings,
    why,
    successes: record.state === 'half_open' ? record.successes : 0,
    lease: { holder, until: now + policy.leaseMs },
  };
}

/** The probe succeeded: closed, or the next one may be made. */
export function probeSucceeded(
  record: HalfOpenRecord,
  policy: BreakerPolicy,
  now: number,
): HalfOpenRecord | ClosedRecord {
  const successes = record.successes + 1;
  if (successes < policy.probes) return { ...record, ...following(record, policy), successes, lease: null };
  return {
    ...following(record, policy),
    generation: record.generation + 1,
    state: 'closed',
    since: now,
    openings: record.openings,
  };
}

/** The probe said nothing of the service: the next caller may make another. */
export const leaseReturned = (record: HalfOpenRecord, policy: BreakerPolicy): HalfOpenRecord => ({
  ...record,
  ...following(record, policy),
  lease: null,
});

/** Held open until a person closes it. */
export const isolated = (record: BreakerRecord, now: number, by: string, reason: string): BreakerRecord => ({
  ...following(record, record.policy),
  state: 'isolated',
  since: now,
  by,
  reason,
});

/** Closed by a person; what came before is forgotten. */
export const reset = (record: BreakerRecord, now: number): ClosedRecord => ({
  ...following(record, record.policy),
  generation: record.generation + 1,
  state: 'closed',
  since: now,
  openings: 0,
});
