import type { CustomMetric } from './criteria.ts';
import { evidenceOfBetter, evidenceOfWorse, labelsMatter, lastThat, type Moment } from './evidence.ts';
import type { Compared } from './judgement.ts';
import type { Sample } from './samples.ts';

interface Pair {
  baseline: number;
  canary: number;
}

/** 1 when the canary's number is more than `increase` of the baseline's above it, -1 when it is less, 0 when just that. */
const side = ({ baseline, canary }: Pair, increase: number) =>
  Math.sign(canary - (baseline + increase * Math.abs(baseline)));

/**
 * A pair of numbers as one request of each side, of which the higher one is bad: its odds are what a coin's are if
 * neither version is higher. Equal numbers say nothing.
 */
function coin(sign: number): Moment {
  if (sign === 0) return { baseline: { requests: 0, bad: 0 }, canary: { requests: 0, bad: 0 } };
  return {
    baseline: { requests: 1, bad: sign < 0 ? 1 : 0 },
    canary: { requests: 1, bad: sign > 0 ? 1 : 0 },
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}

/**
 * Numbers of a query, canary against baseline, pair by pair: a sequential sign test, which assumes nothing about how the
 * numbers are distributed. The null is that with the tolerance added the canary's is not the worse one more often than
 * not. Differences are by the baseline's number. Where lower is worse, all is turned round.
 */
export function compareNumbers(
  samples: readonly Sample[],
  { name, worse, tolerance }: CustomMetric,
  threshold: number,
): Compared {
  const turn = worse === 'higher' ? 1 : -1;
  const pairs = samples.map((sample): Pair | null => {
    const { baseline, canary } = sample.numbers?.[name] ?? { baseline: null, canary: null };
    return baseline === null || canary === null ? null : { baseline: turn * baseline, canary: turn * canary };
  });
  const moments = (increase: number) => pairs.map((pair) => coin(pair === null ? 0 : side(pair, increase)));
  const evidence = evidenceOfWorse(moments(tolerance), labelsMatter, threshold);
  const known = pairs.filter((pair) => pair !== null);
  const requests = { baseline: known.length, canary: known.length };
  if (known.length === 0)
    return {
      ...evidence,
      requests,
      tolerance,
      baseline: null,
      canary: null,
      difference: null,
      interval: null,
    };
  const increases = known
    .filter(({ baseline }) => baseline !== 0)
    .map(({ baseline, canary }) => (canary - baseline) / Math.abs(baseline))
    .sort((a, b) => a - b);
  // Signs change at the increases that were seen, and not between them: one null stands for each gap.
  const seen = [...new Set(increases)];
  const within = (gap: number) =>
    ((seen[gap - 1] ?? (seen[0] ?? 0) - 1) + (seen[gap] ?? (seen.at(-1) ?? 0) + 1)) / 2;
  const worseThan = lastThat(
    seen.length + 1,
    (gap) => evidenceOfWorse(moments(within(gap)), labelsMatter, threshold).eValue >= threshold,
  );
  const notBetterThan = lastThat(
    seen.length + 1,
    (gap) => evidenceOfBetter(moments(within(gap)), labelsMatter) < threshold,
  );
  const bounds = { low: seen[worseThan] ?? null, high: seen[notBetterThan] ?? null };
  const flip = (bound: number | null) => (bound === null ? null : -bound);
  return {
    ...evidence,
    requests,
    tolerance,
    baseline: turn * median(known.map((pair) => pair.baseline)),
    canary: turn * median(known.map((pair) => pair.canary)),
    difference: increases.length === 0 ? null : turn * median(increases),
    interval: turn === 1 ? bounds : { low: flip(bounds.high), high: flip(bounds.low) },
  };
}
