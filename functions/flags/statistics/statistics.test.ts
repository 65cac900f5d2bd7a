import { expect, it } from 'vitest';
import { chiSquareFit, chiSquareUpperTail } from './chi-square.ts';
import { logGamma } from './gamma.ts';
import { meanOf } from './means.ts';
import { normalQuantile, normalUpperTail, zOf } from './normal.ts';
import { compareProportions, newcombe, wilson } from './proportions.ts';

it('knows the distributions to the digits of the tables', () => {
  expect(normalUpperTail(1.959963984540054)).toBeCloseTo(0.025, 12);
  expect(normalUpperTail(-1)).toBeCloseTo(0.841344746068543, 12);
  expect(normalUpperTail(6)).toBeCloseTo(9.865876450377018e-10, 18);
  expect(normalQuantile(0.005)).toBeCloseTo(2.575829303548901, 10);
  expect(normalQuantile(0.9)).toBeCloseTo(-1.2815515655446004, 10);
  expect(zOf(0.99)).toBeCloseTo(2.575829303548901, 10);
  expect(() => normalQuantile(1)).toThrow(RangeError);
  expect(chiSquareUpperTail(3.841458820694124, 1)).toBeCloseTo(0.05, 12);
  expect(chiSquareUpperTail(18.307038053275146, 10)).toBeCloseTo(0.05, 12);
  expect(chiSquareUpperTail(2, 2)).toBeCloseTo(Math.exp(-1), 12);
  expect(chiSquareUpperTail(0, 3)).toBe(1);
  expect(logGamma(5)).toBeCloseTo(Math.log(24), 12);
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
});

// Newcombe (1998), "Two-sided confidence intervals for the single proportion: comparison of seven methods", table I.
it.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('has the textbook Wilson interval of %i of %i', (successes, trials, low, high) => {
  const found = wilson({ successes, trials });
  expect(found.low).toBeCloseTo(low, 4);
  expect(found.high).toBeCloseTo(high, 4);
});

// Newcombe (1998), "Interval estimation for the difference between independent proportions", table II, method 10.
it.each([
  [56, 70, 48, 80, 0.0524, 0.3339],
  [9, 10, 3, 10, 0.1705, 0.809],
  [6, 7, 2, 7, 0.0582, 0.8062],
  [5, 56, 0, 29, -0.0381, 0.1926],
  [0, 10, 0, 20, -0.1611, 0.2775],
  [10, 10, 0, 20, 0.6791, 1],
])('has the textbook interval of the difference of %i of %i and %i of %i', (a, m, b, n, low, high) => {
  const found = newcombe({ successes: a, trials: m }, { successes: b, trials: n });
  expect(found.low).toBeCloseTo(low, 4);
  expect(found.high).toBeCloseTo(high, 4);
});

it('compares shares and says nothing where nothing can be said', () => {
  const found = compareProportions({ successes: 56, trials: 70 }, { successes: 48, trials: 80 });
  expect(found.z).toBeCloseTo(2.6502, 4);
  // The square of z is the chi-square of the table of four.
  expect(found.pValue).toBeCloseTo(chiSquareUpperTail(found.z ** 2, 1), 12);
  for (const other of [
    { successes: 0, trials: 0 },
    { successes: 0, trials: 9 },
  ])
    expect(compareProportions({ successes: 0, trials: 5 }, other)).toEqual({ z: 0, pValue: 1 });
  expect(wilson({ successes: 0, trials: 0 })).toEqual({ low: 0, high: 1 });
});

it('fits counts to shares as Mendel did', () => {
  // 315, 108, 101 and 32 peas for 9:3:3:1.
  const { statistic, pValue } = chiSquareFit([315, 108, 101, 32], [9 / 16, 3 / 16, 3 / 16, 1 / 16]);
  expect(statistic).toBeCloseTo(0.47, 3);
  expect(pValue).toBeCloseTo(0.9254, 3);
  expect(chiSquareFit([0, 0], [0.5, 0.5]).pValue).toBe(1);
});

it('has the mean of numbers from their sums', () => {
  const numbers = [2, 4, 4, 4, 5, 5, 7, 9];
  const sums = { count: 8, sum: 40, squares: numbers.reduce((sum, one) => sum + one * one, 0) };
  const { mean, interval } = meanOf(sums);
  expect(mean).toBe(5);
  // The standard deviation of this sample is √(32/7).
  expect(interval?.high).toBeCloseTo(5 + 1.95996 * Math.sqrt(32 / 7 / 8), 4);
  expect(meanOf({ count: 1, sum: 3, squares: 9 })).toEqual({ mean: 3, interval: null });
  expect(meanOf({ count: 0, sum: 0, squares: 0 })).toEqual({ mean: null, interval: null });
});
