/** The normal distribution's upper tail: Abramowitz & Stegun 26.2.17, off by 7.5e-8 at most. */
function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
}

/**
 * The Mann-Whitney U test, one-sided: the p-value of `canary` being higher than `baseline` in rank, by the normal
 * approximation with ties and continuity corrected. 1 when either is empty or all numbers are equal. Valid for one look at
 * a number of samples that was fixed before: this is what the judge is compared with in bench/judge.ts, and nothing else.
 */
export function mannWhitney(canary: readonly number[], baseline: readonly number[]): number {
  const all = [
    ...canary.map((value) => ({ value, isCanary: true })),
    ...baseline.map((value) => ({ value, isCanary: false })),
  ].sort((a, b) => a.value - b.value);
  const n = all.length;
  let rankSum = 0;
  let ties = 0;
  for (let first = 0; first < n; ) {
    let next = first + 1;
    while (next < n && all[next]?.value === all[first]?.value) next += 1;
    const size = next - first;
    const rank = (first + 1 + next) / 2;
    for (let at = first; at < next; at++) if (all[at]?.isCanary) rankSum += rank;
    ties += size ** 3 - size;
    first = next;
  }
  const [c, b] = [canary.length, baseline.length];
  const variance = ((c * b) / 12) * (n + 1 - ties / (n * (n - 1)));
  if (c === 0 || b === 0 || !(variance > 0)) return 1;
  const above = rankSum - (c * (c + 1)) / 2 - (c * b) / 2;
  return upperTail((above - 0.5) / Math.sqrt(variance));
}
