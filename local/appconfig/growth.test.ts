import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { momentsOf, predefinedStrategies } from './growth.ts';

const minute = 60_000;
const shown = (id: string) => {
  const strategy = predefinedStrategies.find((one) => one.id === `AppConfig.${id}`);
  if (strategy === undefined) throw new Error(`no ${id}`);
  return momentsOf(strategy).map(({ at, percentage, state }) => `${at / minute} ${percentage} ${state}`);
};

describe('a deployment strategy', () => {
  it('grows by equal steps, the first one at once', () => {
    expect(shown('Linear20PercentEvery6Minutes')).toEqual([
      '0 20 DEPLOYING',
      '6 40 DEPLOYING',
      '12 60 DEPLOYING',
      '18 80 DEPLOYING',
      '24 100 DEPLOYING',
      '30 100 BAKING',
      '60 100 COMPLETE',
    ]);
    expect(shown('AllAtOnce')).toEqual(['0 100 DEPLOYING', '0 100 BAKING', '10 100 COMPLETE']);
  });

  it('grows by doubling', () => {
    expect(shown('Canary10Percent20Minutes')).toEqual([
      '0 10 DEPLOYING',
      '4 20 DEPLOYING',
      '8 40 DEPLOYING',
      '12 80 DEPLOYING',
      '16 100 DEPLOYING',
      '20 100 BAKING',
      '30 100 COMPLETE',
    ]);
  });

  it('never shrinks, ends with everybody, and takes the time it says', () => {
    fc.assert(
      fc.property(
        fc.record({
          minutes: fc.integer({ min: 0, max: 1_440 }),
          bakeMinutes: fc.integer({ min: 0, max: 1_440 }),
          growthFactor: fc.float({ min: 1, max: 100, noNaN: true }),
          growthType: fc.constantFrom('LINEAR' as const, 'EXPONENTIAL' as const),
        }),
        (growth) => {
          const moments = momentsOf(growth);
          expect(moments.length).toBeLessThan(104);
          expect(moments[0]).toMatchObject({ at: 0 });
          expect(moments.at(-1)).toEqual({
            at: (growth.minutes + growth.bakeMinutes) * minute,
            percentage: 100,
            state: 'COMPLETE',
          });
          for (const [at, moment] of moments.entries()) {
            const former = moments[at - 1] ?? { at: 0, percentage: 0 };
            expect(moment.at).toBeGreaterThanOrEqual(former.at);
            expect(moment.percentage).toBeGreaterThanOrEqual(former.percentage);
          }
        },
      ),
    );
  });
});
