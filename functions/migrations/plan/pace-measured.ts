import { z } from 'zod';
import { MeasuredLocks } from './lock-times.ts';

/** Work whose duration grows with a table. */
export const PacedWork = z.enum(['backfill', 'verify', 'index', 'validate', 'load', 'compare']);
export type PacedWork = z.infer<typeof PacedWork>;

/**
 * Backfill, verify, validate, load (records), compare: rows a second of one range at a time; index: bytes of the table a
 * second.
 */
export const Measured = z.object({
  perSecond: z.number().positive(),
  /** How many migrations it comes from. */
  samples: z.int().min(1),
  at: z.string(),
});
export type Measured = z.infer<typeof Measured>;

/** What finished migrations have shown of one database. */
export const MeasuredPace = z.object({
  backfill: Measured.nullable().default(null),
  verify: Measured.nullable().default(null),
  index: Measured.nullable().default(null),
  validate: Measured.nullable().default(null),
  load: Measured.nullable().default(null),
  compare: Measured.nullable().default(null),
  locks: MeasuredLocks.default({}),
});
export type MeasuredPace = z.infer<typeof MeasuredPace>;

export const nothingMeasured: MeasuredPace = MeasuredPace.parse({});

/** How much was done in how long; ranges that ran side by side count one after the other. */
export interface Observation {
  work: PacedWork;
  /** Rows, or bytes for an index. */
  amount: number;
  ms: number;
}

/** Less than this says more about the start of a task than about the pace. */
const leastRows = 1_000;
const leastBytes = 1_000_000;
/** The newest migration counts for this much; the first few for more, so that the beginning is not kept for long. */
const newestWeight = 0.3;

/** The pace after one more migration: exponentially weighted, so that a database that was moved is known soon. */
export function learnt(before: MeasuredPace, observations: Observation[], at: string): MeasuredPace {
  const after = { ...before };
  for (const work of PacedWork.options) {
    const own = observations.filter((one) => one.work === work);
    const amount = own.reduce((sum, one) => sum + one.amount, 0);
    const ms = own.reduce((sum, one) => sum + one.ms, 0);
    if (amount < (work === 'index' ? leastBytes : leastRows) || ms <= 0) continue;
    const known = before[work];
    const seen = (amount * 1_000) / ms;
    const samples = (known?.samples ?? 0) + 1;
    const weight = Math.max(newestWeight, 1 / samples);
    const perSecond = known === null ? seen : known.perSecond + (seen - known.perSecond) * weight;
    after[work] = { perSecond, samples, at };
  }
  return after;
}
