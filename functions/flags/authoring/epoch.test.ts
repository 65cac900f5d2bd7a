import fc from 'fast-check';
import { expect, it } from 'vitest';
import { epochSeconds } from './epoch.ts';

it('is what Date makes of a time, with any offset', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('1600-01-01'), max: new Date('2400-01-01'), noInvalidDate: true }),
      fc.constantFrom('Z', '+02:00', '-09:30', '+00:00'),
      (date, offset) => {
        const text = date.toISOString().replace('Z', offset);
        expect(epochSeconds(text)).toBe(Math.floor(Date.parse(text.replace(/\.\d+/, '')) / 1_000));
      },
    ),
  );
  expect(epochSeconds('2026-02-29')).toBeNaN();
});
