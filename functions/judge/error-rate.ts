import { evidenceOfBetter, evidenceOfWorse, lastThat, type Moment, rateAbove } from './evidence.ts';
import type { Compared } from './judgement.ts';
import type { Sample } from './samples.ts';

/** Increases that bounds are looked for among: percentage points in steps of a hundredth. */
const steps = 20_000;
const increaseAt = (step: number) => (step - steps / 2) / (steps / 2);

/** The share of requests that fail, canary against baseline: `tolerance` is an absolute increase, 0 to 1. */
export function compareErrorRate(samples: readonly Sample[], tolerance: number, threshold: number): Compared {
  const moments = samples.map(
    ({ baseline, canary }): Moment => ({
      baseline: { requests: baseline.requests, bad: baseline.errors },
      canary: { requests: canary.requests, bad: canary.errors },
    }),
  );
  const compared = moments.filter((one) => one.canary.requests > 0 && one.baseline.requests > 0);
  const requests = {
    baseline: compared.reduce((sum, one) => sum + one.baseline.requests, 0),
    canary: compared.reduce((sum, one) => sum + one.canary.requests, 0),
  };
  const evidence = evidenceOfWorse(moments, rateAbove(tolerance), threshold);
  if (requests.canary === 0)
    return {
      ...evidence,
      requests,
      tolerance,
      baseline: null,
      canary: null,
      difference: null,
      interval: null,
    };
  const canary = compared.reduce((sum, one) => sum + one.canary.bad, 0) / requests.canary;
  // What the baseline would have had with the canary's requests: its share of traffic may have changed meanwhile.
  const baseline =
    compared.reduce((sum, one) => sum + (one.canary.requests * one.baseline.bad) / one.baseline.requests, 0) /
    requests.canary;
  const low = lastThat(
    steps,
    (step) => evidenceOfWorse(compared, rateAbove(increaseAt(step)), threshold).eValue >= threshold,
  );
  const high = lastThat(steps, (step) => evidenceOfBetter(compared, rateAbove(increaseAt(step))) < threshold);
  return {
    ...evidence,
    requests,
    tolerance,
    baseline,
    canary,
    difference: canary - baseline,
    interval: {
      low: low < 0 ? null : increaseAt(low),
      high: high >= steps - 1 ? null : increaseAt(high + 1),
    },
  };
}
