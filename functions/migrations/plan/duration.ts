import type { Measured, PacedWork } from './pace-measured.ts';
import { type Range, spreadOf } from './range.ts';

/**
 * Where nothing was measured yet: the slowest and the quickest that ordinary servers do, rows a second of one range, and
 * for indexes bytes of the table a second. From bench/ on 2 cores at the upper end, and a tenth of it at the lower.
 */
export const defaultPace: Record<PacedWork, Range> = {
  backfill: { low: 4_000, high: 80_000 },
  verify: { low: 20_000, high: 400_000 },
  index: { low: 6_000_000, high: 60_000_000 },
  validate: { low: 200_000, high: 4_000_000 },
  load: { low: 1_000, high: 40_000 },
  compare: { low: 50_000, high: 800_000 },
};

/** Every task costs this much, however little there is to do, ms. */
const atLeast: Range = { low: 10, high: 2_000 };

/**
 * How long an amount takes. `lanes` that work side by side: at best all of them count, at worst one, because they share
 * one server.
 */
export function rangeOf(
  amount: number,
  measured: Measured | null,
  byDefault: Range,
  lanes: number,
): { range: Range; basis: 'measured' | 'default' } {
  const spread = measured === null ? 1 : spreadOf(measured.samples);
  const slowest = measured === null ? byDefault.low : measured.perSecond / spread;
  const quickest = (measured === null ? byDefault.high : measured.perSecond * spread) * Math.max(1, lanes);
  return {
    range: {
      low: Math.round(atLeast.low + (amount * 1_000) / quickest),
      high: Math.round(atLeast.high + (amount * 1_000) / slowest),
    },
    basis: measured === null ? 'default' : 'measured',
  };
}
