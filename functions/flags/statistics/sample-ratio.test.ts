import { expect, it } from 'vitest';
import { chiSquareFit } from './chi-square.ts';
import { evidenceOfSplits, sampleRatioEvidence } from './sample-ratio.ts';

/** Numbers that are the same in every run (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const half = (left: number, right: number) => [
  { users: left, share: 0.5 },
  { users: right, share: 0.5 },
];

/** The highest evidence and the lowest p-value of looks every day at users of whom `share` come into the first variant. */
function looks(seed: number, share: number, days = 40, users = 50) {
  const random = chance(seed);
  const counts = [0, 0];
  let [evidence, pValue] = [1, 1];
  for (let day = 0; day < days; day += 1) {
    for (let user = 0; user < users; user += 1) {
      const variant = random() < share ? 0 : 1;
      counts[variant] = (counts[variant] ?? 0) + 1;
    }
    evidence = Math.max(evidence, sampleRatioEvidence(half(counts[0] ?? 0, counts[1] ?? 0)));
    pValue = Math.min(pValue, chiSquareFit(counts, [0.5, 0.5]).pValue);
  }
  return { evidence, pValue };
}

it('raises no more false alarms by a look every day than it says; the chi-square test does', () => {
  const runs = Array.from({ length: 400 }, (_, seed) => looks(seed + 1, 0.5));
  expect(runs.filter(({ evidence }) => evidence >= 20).length / runs.length).toBeLessThanOrEqual(0.05);
  expect(runs.filter(({ evidence }) => evidence >= 1_000)).toHaveLength(0);
  expect(runs.filter(({ pValue }) => pValue <= 0.05).length / runs.length).toBeGreaterThan(0.15);
});

it('finds a split that is wrong', () => {
  const found = Array.from({ length: 50 }, (_, seed) => looks(seed + 1, 0.42).evidence >= 1_000);
  expect(found.filter(Boolean).length).toBeGreaterThan(45);
  expect(sampleRatioEvidence(half(821_588, 815_482))).toBeGreaterThan(1_000);
});

it('is what the integral is, where that can be done by hand', () => {
  // One user of a fair split is no evidence: each prior expects the same shares.
  expect(sampleRatioEvidence(half(1, 0))).toBeCloseTo(1, 10);
  // Two users in one variant: c/2·(c/2+1) / (c·(c+1)) / ¼ = (c+2)/(c+1), for each concentration c.
  const byHand = [10, 100, 1_000, 10_000].reduce((sum, c) => sum + (c + 2) / (c + 1), 0) / 4;
  expect(sampleRatioEvidence(half(2, 0))).toBeCloseTo(byHand, 10);
});

it('is expected to be 1 under the null, after any number of users', () => {
  for (const n of [1, 5, 20]) {
    let expected = 0;
    let choose = 1;
    for (let k = 0; k <= n; k += 1) {
      const arms = [
        { users: k, share: 0.3 },
        { users: n - k, share: 0.7 },
      ];
      expected += choose * 0.3 ** k * 0.7 ** (n - k) * sampleRatioEvidence(arms);
      choose = (choose * (n - k)) / (k + 1);
    }
    expect(expected).toBeCloseTo(1, 9);
  }
});

it('takes splits that follow each other by themselves', () => {
  expect(evidenceOfSplits([])).toBe(1);
  expect(evidenceOfSplits([half(500, 500)])).toBeLessThan(1);
  // Together 50 to 50 by chance: each of them is wrong.
  expect(evidenceOfSplits([half(700, 300), half(300, 700)])).toBeGreaterThan(1_000);
  expect(
    evidenceOfSplits([
      [
        { users: 3, share: 1 },
        { users: 1, share: 0 },
      ],
    ]),
  ).toBeGreaterThan(1_000);
  expect(sampleRatioEvidence([{ users: 9, share: 1 }])).toBe(1);
});
