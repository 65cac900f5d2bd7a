import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceOfBetter, evidenceOfWorse, labelsMatter, type Moment, rateAbove } from './evidence.ts';

/** Probability of k among n at a rate of p. */
function binomial(n: number, k: number, p: number): number {
  let value = 1;
  for (let i = 0; i < k; i++) value *= ((n - i) / (k - i)) * p;
  return value * (1 - p) ** (n - k);
}
const choose = (n: number, k: number) => {
  let value = 1;
  for (let i = 0; i < k; i++) value *= (n - i) / (k - i);
  return value;
};
const upTo = (n: number) => Array.from({ length: n + 1 }, (_, at) => at);
const moment = (baseline: [number, number], canary: [number, number]): Moment => ({
  baseline: { requests: baseline[0], bad: baseline[1] },
  canary: { requests: canary[0], bad: canary[1] },
});
const counts = fc.integer({ min: 1, max: 25 });
const oddsAbove = fc.double({ min: 1, max: 30, noNaN: true });
const oddsBelow = fc.double({ min: 0.01, max: 1, noNaN: true });
const rates = fc.double({ min: 0, max: 1, noNaN: true });
const barely = 1 + 1e-9;

describe('what a moment pays, expected where the null is true', () => {
  const expected = (b: number, c: number, pb: number, pc: number, increase: number, odds: number) =>
    upTo(b).reduce(
      (sum, bad) =>
        sum +
        upTo(c).reduce(
          (inner, canaryBad) =>
            inner +
            binomial(b, bad, pb) *
              binomial(c, canaryBad, pc) *
              Math.exp(rateAbove(increase)(moment([b, bad], [c, canaryBad]), odds)),
          0,
        ),
      0,
    );

  it('is at most 1 for rates within the tolerance, whatever they are', () => {
    fc.assert(
      fc.property(counts, counts, rates, rates, rates, oddsAbove, (b, c, pb, part, increase, odds) => {
        const pc = Math.min(1, pb + increase) * part;
        expect(expected(b, c, pb, pc, increase, odds)).toBeLessThanOrEqual(barely);
      }),
    );
  });

  it('is at most 1 for bets on a better canary that is none', () => {
    fc.assert(
      fc.property(counts, counts, rates, rates, oddsBelow, (b, c, pb, pc, odds) => {
        expect(expected(b, c, pb, pc, pc - pb, odds)).toBeLessThanOrEqual(barely);
        expect(expected(b, c, pb, pc, pc - pb - 0.1, odds)).toBeLessThanOrEqual(barely);
      }),
    );
  });

  it('is at most 1 when labels were dealt out by chance', () => {
    fc.assert(
      fc.property(counts, counts, rates, fc.oneof(oddsAbove, oddsBelow), (b, c, part, odds) => {
        const bad = Math.round(part * (b + c));
        const sum = upTo(c)
          .filter((canaryBad) => canaryBad <= bad && bad - canaryBad <= b)
          .reduce(
            (total, canaryBad) =>
              total +
              ((choose(c, canaryBad) * choose(b, bad - canaryBad)) / choose(b + c, bad)) *
                Math.exp(labelsMatter(moment([b, bad - canaryBad], [c, canaryBad]), odds)),
            0,
          );
        expect(sum).toBeLessThanOrEqual(1 + 1e-6);
      }),
    );
  });
});

describe('evidence', () => {
  const same = moment([90, 1], [10, 0]);
  const worse = moment([90, 1], [10, 3]);

  it('stays as it is while one side has no requests', () => {
    for (const nobody of [moment([0, 0], [0, 0]), moment([100, 5], [0, 0]), moment([0, 0], [100, 100])]) {
      expect(evidenceOfWorse([nobody], rateAbove(0), 2)).toEqual({ eValue: 1, reached: null });
      expect(evidenceOfBetter([nobody], rateAbove(0))).toBeCloseTo(1);
    }
  });

  it('names the moment that reached the threshold, and keeps what it reached', () => {
    const found = evidenceOfWorse([same, same, worse, worse, worse, same, same], rateAbove(0), 100);
    expect(found.reached).toBe(3);
    expect(found.eValue).toBeGreaterThan(100);
    expect(evidenceOfWorse([same, same, worse, same], rateAbove(0), 100).reached).toBeNull();
  });

  it('does not forget how to see after a long time without a difference', () => {
    const quiet = Array.from({ length: 1_000 }, () => same);
    const loud = Array.from({ length: 15 }, () => worse);
    expect(evidenceOfWorse([...quiet, ...loud], rateAbove(0), 1_000).reached).not.toBeNull();
  });

  it('stays a number, however many requests there are', () => {
    const many = moment([1_000_000_000, 0], [1_000_000_000, 1_000_000_000]);
    expect(evidenceOfWorse([many, many], rateAbove(0), 100).eValue).toBe(6e100);
    expect(evidenceOfBetter([many, many], rateAbove(0))).toBe(0);
  });
});
