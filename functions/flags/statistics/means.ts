import { zOf } from './normal.ts';
import type { Interval } from './proportions.ts';

/** Numbers as their count, their sum and the sum of their squares: two of these add up. */
export interface Sums {
  count: number;
  sum: number;
  squares: number;
}

/** The mean, null without numbers; its interval by the normal approximation, null below 2 numbers. */
export function meanOf(
  { count, sum, squares }: Sums,
  confidence = 0.95,
): { mean: number | null; interval: Interval | null } {
  if (count === 0) return { mean: null, interval: null };
  const mean = sum / count;
  if (count < 2) return { mean, interval: null };
  // What rounding leaves below zero is nothing.
  const variance = Math.max(0, (squares - sum * mean) / (count - 1));
  const spread = zOf(confidence) * Math.sqrt(variance / count);
  return { mean, interval: { low: mean - spread, high: mean + spread } };
}
