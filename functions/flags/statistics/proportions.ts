import { normalUpperTail, zOf } from './normal.ts';

/** Of `trials` users so many did it: 0 ≤ successes ≤ trials. */
export interface Proportion {
  successes: number;
  trials: number;
}
export interface Interval {
  low: number;
  high: number;
}

const shareOf = ({ successes, trials }: Proportion): number => (trials === 0 ? 0 : successes / trials);

/**
 * Wilson's score interval (1927) of a share, without correction for continuity: it stays within 0 and 1 and holds for few
 * trials too. Everything from 0 to 1 where there were none.
 */
export function wilson(proportion: Proportion, confidence = 0.95): Interval {
  const { trials: n } = proportion;
  if (n === 0) return { low: 0, high: 1 };
  const p = shareOf(proportion);
  const z2 = zOf(confidence) ** 2;
  const centre = p + z2 / (2 * n);
  const spread = Math.sqrt(z2) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  return {
    low: p === 0 ? 0 : Math.max(0, (centre - spread) / (1 + z2 / n)),
    high: p === 1 ? 1 : Math.min(1, (centre + spread) / (1 + z2 / n)),
  };
}

/**
 * The interval of the difference `treated - control` of two independent shares: Newcombe (1998), "Interval estimation for
 * the difference between independent proportions", method 10, which joins two Wilson intervals.
 */
export function newcombe(treated: Proportion, control: Proportion, confidence = 0.95): Interval {
  const [p, q] = [shareOf(treated), shareOf(control)];
  const [own, other] = [wilson(treated, confidence), wilson(control, confidence)];
  return {
    low: Math.max(-1, p - q - Math.hypot(p - own.low, other.high - q)),
    high: Math.min(1, p - q + Math.hypot(own.high - p, q - other.low)),
  };
}

/**
 * The two-sided test that two shares are equal, pooled and without correction for continuity: valid for one look that was
 * planned. `pValue` is 1 where either side has no trials or all of both had the same outcome.
 */
export function compareProportions(treated: Proportion, control: Proportion): { z: number; pValue: number } {
  const trials = treated.trials + control.trials;
  const pooled = trials === 0 ? 0 : (treated.successes + control.successes) / trials;
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / treated.trials + 1 / control.trials));
  if (!Number.isFinite(error) || error === 0) return { z: 0, pValue: 1 };
  const z = (shareOf(treated) - shareOf(control)) / error;
  return { z, pValue: 2 * normalUpperTail(Math.abs(z)) };
}
