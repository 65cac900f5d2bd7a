import { expect, it } from 'vitest';
import { mannWhitney } from './mann-whitney.ts';

it('is the test of the books', () => {
  // U = 25 of 25; z = (25 - 12.5 - 0.5) / √(25 · 11 / 12) = 2.5067.
  expect(mannWhitney([6, 7, 8, 9, 10], [1, 2, 3, 4, 5])).toBeCloseTo(0.00609, 4);
  expect(mannWhitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])).toBeGreaterThan(0.99);
  // Ties share their ranks: U = 11 of 16, with less variance; z = (11 - 8 - 0.5) / √(16 / 12 · (9 - 84 / 56)) = 0.7906.
  expect(mannWhitney([1, 2, 2, 3], [1, 1, 2, 2])).toBeCloseTo(0.2146, 4);
});

it('says nothing where nothing differs or nothing is there', () => {
  expect(mannWhitney([], [1])).toBe(1);
  expect(mannWhitney([1], [])).toBe(1);
  expect(mannWhitney([3, 3], [3, 3, 3])).toBe(1);
});
