import { z } from 'zod';
import { BreakerName, BreakerPolicy } from './policy.ts';

const ms = z.int().nonnegative();

const common = {
  schemaVersion: z.literal(1),
  name: BreakerName,
  /** Grows with every change; a write names the one it changes. */
  version: z.int().positive(),
  /** Grows each time it closes: what was counted before says nothing of what comes after. */
  generation: z.int().positive(),
  /** Of this state, epoch ms. */
  since: ms,
  /** Of the caller that changed it last. */
  policy: z.object(BreakerPolicy.shape),
};

export const WhyOpen = z.object({
  what: z.enum(['failures', 'slow', 'probe']),
  calls: z.int().nonnegative(),
  failures: z.int().nonnegative(),
  slow: z.int().nonnegative(),
});
export type WhyOpen = z.infer<typeof WhyOpen>;

/** How often it opened in a row: each time for longer. */
const openings = z.int().nonnegative();

const Closed = z.object({ ...common, state: z.literal('closed'), openings });
const Open = z.object({
  ...common,
  state: z.literal('open'),
  openings,
  /** From then on one caller may probe, epoch ms. */
  retryAt: ms,
  why: WhyOpen,
});
const HalfOpen = z.object({
  ...common,
  state: z.literal('half_open'),
  openings,
  why: WhyOpen,
  /** Probes that succeeded since it was open. */
  successes: z.int().nonnegative(),
  /** Who probes, and until when; null between two probes. */
  lease: z.object({ holder: z.string(), until: ms }).nullable(),
});
const Isolated = z.object({ ...common, state: z.literal('isolated'), by: z.string(), reason: z.string() });

/** What all callers of a breaker share. */
export const BreakerRecord = z.discriminatedUnion('state', [Closed, Open, HalfOpen, Isolated]);
export type BreakerRecord = z.infer<typeof BreakerRecord>;
export type ClosedRecord = z.infer<typeof Closed>;
export type OpenRecord = z.infer<typeof Open>;
export type HalfOpenRecord = z.infer<typeof HalfOpen>;
