import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lookSeconds, Strategy, secondsOf, stepsOf } from './strategy.ts';

const wanted = (strategy: unknown) => ({
  strategy: Strategy.parse(strategy),
  first: null,
  bakeSeconds: 60,
});
const percents = (strategy: unknown) => stepsOf(wanted(strategy), true).map(({ percent }) => percent);

describe('the steps of a strategy', () => {
  it('are those of CodeDeploy by its names', () => {
    expect(percents('AllAtOnce')).toEqual([100]);
    expect(percents('Canary10Percent5Minutes')).toEqual([10, 100]);
    expect(percents('Linear10PercentEvery1Minute')).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    expect(secondsOf(stepsOf(wanted('Canary10Percent30Minutes'), true))).toBe(1_860);
    expect(secondsOf(stepsOf(wanted('Linear10PercentEvery3Minutes'), true))).toBe(9 * 180 + 60);
  });

  it('are one where nobody had the traffic before', () => {
    expect(stepsOf(wanted('Linear10PercentEvery1Minute'), false)).toHaveLength(1);
  });

  it('rise to 100 % once, whatever the strategy', () => {
    const linear = fc.record({
      kind: fc.constant('linear'),
      percentPerStep: fc.integer({ min: 5, max: 50 }),
      holdSeconds: fc.nat(1_000),
    });
    fc.assert(
      fc.property(linear, (strategy) => {
        const found = percents(strategy);
        expect(found.at(-1)).toBe(100);
        for (const [at, percent] of found.entries()) expect(percent).toBeGreaterThan(found[at - 1] ?? 0);
      }),
    );
  });

  it('are looked at no more often than a history has room for', () => {
    const week = stepsOf(wanted({ kind: 'canary', steps: [{ percent: 1, holdSeconds: 604_800 }] }), true);
    expect(secondsOf(week) / lookSeconds(30, week)).toBeLessThanOrEqual(400);
    expect(lookSeconds(30, stepsOf(wanted('Canary10Percent5Minutes'), true))).toBe(30);
  });
});
