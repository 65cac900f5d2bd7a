import type { JudgeCriteria } from '#judge/criteria.ts';
import type { Sample, Side } from '#judge/samples.ts';
import { nothing } from '#judge/samples.ts';
import { mergeHistograms, quantile } from '#platform/latency-histogram.ts';
import type { Step } from '../strategy.ts';

// By what a step is judged. At full traffic nobody is left to compare with: what the old version did sets limits, wide
// ones, because it did so at another time.

/** Requests of the old version from which limits are taken. */
const enough = 200;
const errorFactor = 3;
const errorMargin = 0.02;
const latencyFactor = 2;

const sumOf = (sides: readonly Side[]): Side =>
  sides.reduce(
    (sum, side) => ({
      requests: sum.requests + side.requests,
      errors: sum.errors + side.errors,
      latency: mergeHistograms(sum.latency, side.latency),
    }),
    nothing,
  );

/** The criteria of the step: as they were asked for, and at full traffic with limits from the old version's figures. */
export function criteriaFor(
  asked: JudgeCriteria,
  step: Step | undefined,
  steps: readonly Step[],
  samples: readonly Sample[],
): JudgeCriteria {
  if (step?.kind !== 'bake') return asked;
  const blue = sumOf(samples.map(({ baseline }) => baseline));
  const compared = steps.length > 1;
  return {
    ...asked,
    // All at once there never was a moment to compare at.
    errorRate: compared ? asked.errorRate : null,
    latency: compared ? asked.latency : [],
    limits: { ...asked.limits, ...limitsFrom(blue, asked) },
  };
}

function limitsFrom(blue: Side, { limits }: JudgeCriteria): Partial<JudgeCriteria['limits']> {
  if (blue.requests < enough) return {};
  const rate = blue.errors / blue.requests;
  const p95 = quantile(blue.latency, 0.95);
  return {
    errorRate: limits.errorRate ?? Math.min(1, Math.max(rate * errorFactor, rate + errorMargin)),
    latency:
      limits.latency.length > 0 || p95 === null
        ? limits.latency
        : [{ quantile: 0.95, ms: Math.ceil(p95 * latencyFactor) }],
  };
}
