import { expect, it } from 'vitest';
import { pollInterval } from './poll-interval.ts';

it('is refused where it would ask without a pause, or never', () => {
  for (const ms of [-5, 0, 19, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => pollInterval(ms)).toThrow(`pollMs: expected 20 to 3600000 ms, found ${ms}`);
  expect(pollInterval(20)).toBe(20);
});
