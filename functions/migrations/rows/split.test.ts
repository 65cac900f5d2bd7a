import fc from 'fast-check';
import { expect, it } from 'vitest';
import { smoothRate } from './range-task.ts';
import { rangesFor } from './split.ts';

it('a range holds about 250,000 rows; what one Map hands out stays small', () => {
  expect(rangesFor(0, undefined, 1)).toBe(1);
  expect(rangesFor(1_000_000, undefined, 1)).toBe(4);
  expect(rangesFor(1e9, undefined, 1)).toBe(40);
  expect(rangesFor(1_000, 3, 1)).toBe(3);
  fc.assert(
    fc.property(
      fc.nat(1e9),
      fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
      fc.integer({ min: 1, max: 500 }),
      (rows, wanted, tables) => {
        const ranges = rangesFor(rows, wanted, tables);
        expect(ranges).toBeGreaterThanOrEqual(1);
        expect(ranges * tables).toBeLessThanOrEqual(Math.max(200, tables));
      },
    ),
  );
});

it('a rate follows what is measured without jumping', () => {
  expect(smoothRate(0, 500, 1_000)).toBe(500);
  expect(smoothRate(1_000, 0, 1_000)).toBe(800);
  expect(smoothRate(1_000, 500, 0)).toBe(1_000);
});
