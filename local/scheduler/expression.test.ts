import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExpression } from './expression.ts';

const saturday = Date.parse('2026-11-21T10:00:00Z');

function next(
  expression: string,
  { timezone = 'UTC', after = saturday, start = saturday } = {},
): string | undefined {
  const moment = parseExpression(expression, timezone, start)(after);
  return moment === undefined ? undefined : new Date(moment).toISOString();
}

describe('schedule expressions', () => {
  it.each<[string, string | undefined, string?]>([
    ['at(2026-11-22T08:30:00)', '2026-11-22T08:30:00.000Z'],
    ['at(2026-11-22T08:30:00)', '2026-11-22T07:30:00.000Z', 'Europe/Berlin'],
    ['at(2020-01-01T00:00:00)', undefined],
    ['rate(5 minutes)', '2026-11-21T10:05:00.000Z'],
    ['rate(1 day)', '2026-11-22T10:00:00.000Z'],
    ['cron(15 10 * * ? *)', '2026-11-21T10:15:00.000Z'],
    ['cron(0 18 ? * 2-6 *)', '2026-11-23T18:00:00.000Z'],
    ['cron(0 18 ? * MON-FRI *)', '2026-11-23T18:00:00.000Z'],
    ['cron(0 12 ? * 1 *)', '2026-11-22T12:00:00.000Z'],
    ['cron(0 12 ? * 7 *)', '2026-11-21T12:00:00.000Z'],
    ['cron(0/20 8-9 * * ? *)', '2026-11-22T08:00:00.000Z'],
    ['cron(5/20 10 * * ? *)', '2026-11-21T10:05:00.000Z'],
    ['cron(0 8 1 * ? 2028)', '2028-01-01T08:00:00.000Z'],
    ['cron(0 0 L * ? *)', '2026-11-30T00:00:00.000Z'],
    ['cron(0 10 ? * 6L *)', '2026-11-27T10:00:00.000Z'],
    ['cron(0 10 ? * 2#1 *)', '2026-12-07T10:00:00.000Z'],
    ['cron(0 10 * * ? 2020)', undefined],
    ['cron(30 2 * * ? *)', '2026-11-22T01:30:00.000Z', 'Europe/Berlin'],
  ])('%s fires next at %s', (expression, expected, timezone) => {
    expect(next(expression, timezone ? { timezone } : {})).toBe(expected);
  });

  it.each<[string, RegExp]>([
    ['every day', /expected at\(…\), rate\(…\) or cron\(…\)/],
    ['at(2026-13-01T00:00:00)', /yyyy-mm-dd/],
    ['at(tomorrow)', /yyyy-mm-dd/],
    ['rate(0 minutes)', /expected rate/],
    ['rate(1 minutes)', /expected rate/],
    ['rate(5 minute)', /expected rate/],
    ['rate(5 seconds)', /expected rate/],
    ['cron(* * * * *)', /expected 6 fields, found 5/],
    ['cron(0 0 1 * 1 *)', /exactly one of day of month and day of week/],
    ['cron(0 0 ? * 8 *)', /Invalid Schedule Expression/],
    ['cron(61 0 * * ? *)', /Invalid Schedule Expression/],
  ])('refuses %s', (expression, message) => {
    expect(() => parseExpression(expression, 'UTC', 0)).toThrow(message);
  });

  it('refuses a time zone that does not exist', () => {
    expect(() => parseExpression('rate(5 minutes)', 'Mars/Olympus', 0)).toThrow(/no time zone Mars/);
  });

  it('a rate fires after every moment, within its period, always on its grid', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5000 }),
        fc.integer({ min: 0, max: 1e12 }),
        fc.integer({ min: 0, max: 1e12 }),
        (minutes, start, offset) => {
          const period = minutes * 60_000;
          const moment = parseExpression(`rate(${minutes} minutes)`, 'UTC', start)(start + offset) ?? 0;
          expect(moment).toBeGreaterThan(start + offset);
          expect(moment).toBeLessThanOrEqual(start + offset + period);
          expect((moment - start) % period).toBe(0);
        },
      ),
    );
  });
});
