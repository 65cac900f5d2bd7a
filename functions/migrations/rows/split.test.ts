import fc from 'fast-check';
import { expect, it } from 'vitest';
import { smoothRate } from './range-task.ts';
import { rangesFor } from './split.ts';

it('ranges are long when they follow one another; what one Map hands out stays small', () => {
  expect(rangesFor(0, { concurrency: 1 }, 1)).toBe(1);
  expect(rangesFor(5_000_000, { concurrency: 1 }, 1)).toBe(1);
  expect(rangesFor(12_000_000, { concurrency: 1 }, 1)).toBe(3);
  expect(rangesFor(1_000_000, { concurrency: 2 }, 1)).toBe(4);
  expect(rangesFor(1e9, { concurrency: 1 }, 1)).toBe(40);
  expect(rangesFor(1_000, { ranges: 3, concurrency: 1 }, 1)).toBe(3);
  fc.assert(
    fc.property(
      fc.nat(1e9),
      fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 40 }),
      (rows, wanted, tables, concurrency) => {
        const ranges = rangesFor(rows, { ranges: wanted, concurrency }, tables);
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
