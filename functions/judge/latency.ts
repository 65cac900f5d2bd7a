import type { LatencyCriterion } from './criteria.ts';
import { evidenceOfBetter, evidenceOfWorse, labelsMatter, lastThat } from './evidence.ts';
import type { Compared } from './judgement.ts';
import { type Latencies, slowMoments, weightedQuantile } from './latencies.ts';

/** Ratios that bounds are looked for among: up to 32 times as fast or slow, in the histogram's steps. */
const widest = 40;
const ratioAt = (step: number) => 2 ** (step / 8);

/** Steps of the histogram that a tolerance is, rounded up: a canary is never condemned for less than what was asked. */
const stepsOf = (tolerance: number) => Math.ceil(8 * Math.log2(1 + tolerance) - 1e-9);

/**
 * A quantile of latency, canary against baseline. The null is that the canary's latencies, divided by 1 + tolerance, are
 * distributed like the baseline's at the same time, or faster. Differences are by the baseline's quantile: 0.3 is 30 %
 * slower. Quantiles of streams by counting what lies above them: Howard & Ramdas 2022, "Sequential estimation of
 * quantiles with applications to A/B testing and best-arm identification".
 */
export function compareLatency(
  latencies: Latencies,
  { quantile, tolerance }: LatencyCriterion,
  threshold: number,
): Compared {
  const step = stepsOf(tolerance);
  const moments = slowMoments(latencies, quantile, step);
  const evidence = evidenceOfWorse(moments, labelsMatter, threshold);
  const compared = moments.map((one) => one.baseline.requests > 0 && one.canary.requests > 0);
  const total = (side: 'baseline' | 'canary') =>
    moments.reduce((sum, one, at) => sum + (compared[at] ? one[side].requests : 0), 0);
  const known = {
    ...evidence,
    requests: { baseline: total('baseline'), canary: total('canary') },
    tolerance: ratioAt(step) - 1,
    canary: weightedQuantile(
      latencies.canary,
      compared.map((one) => (one ? 1 : 0)),
      quantile,
    ),
    // As with error rates: the baseline's distribution with the canary's share of traffic at each time.
    baseline: weightedQuantile(
      latencies.baseline,
      moments.map((one, at) => (compared[at] ? one.canary.requests / one.baseline.requests : 0)),
      quantile,
    ),
  };
  if (known.baseline === null || known.canary === null) return { ...known, difference: null, interval: null };
  const low = lastThat(2 * widest + 1, (at) => {
    const shifted = slowMoments(latencies, quantile, at - widest);
    return evidenceOfWorse(shifted, labelsMatter, threshold).eValue >= threshold;
  });
  const high =
    1 +
    lastThat(2 * widest + 1, (at) => {
      const shifted = slowMoments(latencies, quantile, at - widest);
      return evidenceOfBetter(shifted, labelsMatter) < threshold;
    });
  return {
    ...known,
    difference: known.canary / known.baseline - 1,
    interval: {
      low: low < 0 ? null : ratioAt(low - widest) - 1,
      high: high > 2 * widest ? null : ratioAt(high - widest) - 1,
    },
  };
}
