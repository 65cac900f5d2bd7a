import { z } from 'zod';
import { pageOf } from '#platform/page.ts';
import { BreakerName, BreakerPolicy } from './policy.ts';
import { type BreakerRecord, WhyOpen } from './record.ts';

/** A breaker as the API shows it. */
export const Breaker = z.strictObject({
  name: BreakerName,
  state: z.enum(['closed', 'open', 'half_open', 'isolated']),
  since: z.iso.datetime().describe('Of this state'),
  openings: z.int().nonnegative().describe('How often it opened in a row: each time for longer'),
  why: z
    .strictObject(WhyOpen.shape)
    .nullable()
    .describe(
      'What opened it: a rate of `failures` or of `slow` calls within the window, or a failed `probe`',
    ),
  retryAt: z.iso.datetime().nullable().describe('From then on one caller may probe; null unless open'),
  probing: z
    .strictObject({ until: z.iso.datetime() })
    .nullable()
    .describe('Somebody probes, and is given up after that; null when nobody does'),
  isolated: z
    .strictObject({ by: z.string(), reason: z.string() })
    .nullable()
    .describe('Who holds it open, and why'),
  policy: z.strictObject(BreakerPolicy.shape).describe('Of the caller that changed it last'),
});
export type Breaker = z.infer<typeof Breaker>;

export const BreakerPage = pageOf(Breaker);

/** With what all callers together counted. */
export const CountedBreaker = z.strictObject({
  ...Breaker.shape,
  window: z
    .strictObject({
      calls: z.int().nonnegative(),
      failures: z.int().nonnegative(),
      slow: z.int().nonnegative(),
    })
    .describe('Calls within `policy.windowMs`, except what processes have not shared yet'),
});
export type CountedBreaker = z.infer<typeof CountedBreaker>;

const iso = (ms: number) => new Date(ms).toISOString();

export function breakerView(record: BreakerRecord): Breaker {
  const { name, state, since, policy } = record;
  const quiet = { name, state, since: iso(since), policy, why: null, retryAt: null, probing: null };
  switch (record.state) {
    case 'closed':
      return { ...quiet, openings: record.openings, isolated: null };
    case 'open':
      return {
        ...quiet,
        openings: record.openings,
        why: record.why,
        retryAt: iso(record.retryAt),
        isolated: null,
      };
    case 'half_open':
      return {
        ...quiet,
        openings: record.openings,
        why: record.why,
        probing: record.lease === null ? null : { until: iso(record.lease.until) },
        isolated: null,
      };
    case 'isolated':
      return { ...quiet, openings: 0, isolated: { by: record.by, reason: record.reason } };
  }
}
