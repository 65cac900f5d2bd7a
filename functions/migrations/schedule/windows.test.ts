import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Day, nextOpen, TimeWindow } from './windows.ts';

const window = (given: object): TimeWindow => TimeWindow.parse({ timeZone: 'UTC', ...given });
const opens = (windows: TimeWindow[], at: string) =>
  new Date(nextOpen(windows, Date.parse(at))).toISOString();

describe('windows', () => {
  const night = window({ from: '22:00', to: '04:00' });

  it('are open from one time to the other, past midnight too', () => {
    expect(opens([night], '2026-03-02T12:00:00Z')).toBe('2026-03-02T22:00:00.000Z');
    expect(opens([night], '2026-03-02T22:00:00Z')).toBe('2026-03-02T22:00:00.000Z');
    expect(opens([night], '2026-03-03T03:59:59Z')).toBe('2026-03-03T03:59:59.000Z');
    expect(opens([night], '2026-03-03T04:00:00Z')).toBe('2026-03-03T22:00:00.000Z');
  });

  it('belong to the day on which they open', () => {
    const friday = window({ days: ['fri'], from: '22:00', to: '04:00' });
    // 2026-03-06 is a Friday.
    expect(opens([friday], '2026-03-07T03:00:00Z')).toBe('2026-03-07T03:00:00.000Z');
    expect(opens([friday], '2026-03-07T05:00:00Z')).toBe('2026-03-13T22:00:00.000Z');
    expect(opens([friday], '2026-03-06T03:00:00Z')).toBe('2026-03-06T22:00:00.000Z');
  });

  it('follow the clocks of their zone', () => {
    const berlin = window({ from: '02:30', to: '03:30', timeZone: 'Europe/Berlin' });
    expect(opens([berlin], '2026-01-10T00:00:00Z')).toBe('2026-01-10T01:30:00.000Z');
    expect(opens([berlin], '2026-07-10T00:00:00Z')).toBe('2026-07-10T00:30:00.000Z');
    // 02:00 becomes 03:00 on this morning: 02:30 is never shown, the window opens when it is skipped.
    expect(opens([berlin], '2026-03-29T00:00:00Z')).toBe('2026-03-29T01:00:00.000Z');
    expect(opens([berlin], '2026-03-29T01:30:00Z')).toBe('2026-03-30T00:30:00.000Z');
    // 02:30 comes twice on this one: it opens with the first and stays open to 03:30.
    expect(opens([berlin], '2026-10-25T00:00:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(opens([berlin], '2026-10-25T02:29:00Z')).toBe('2026-10-25T02:29:00.000Z');
    expect(opens([berlin], '2026-10-25T02:30:00Z')).toBe('2026-10-26T01:30:00.000Z');
  });

  it('of the same time twice last a whole day, and without any window everything is open', () => {
    expect(opens([window({ days: ['sat'], from: '08:00', to: '08:00' })], '2026-03-08T07:00:00Z')).toBe(
      '2026-03-08T07:00:00.000Z',
    );
    expect(opens([], '2026-03-08T07:00:00Z')).toBe('2026-03-08T07:00:00.000Z');
  });

  it('refuse what is no time and no zone', () => {
    expect(() => window({ from: '24:00', to: '04:00' })).toThrow('time of day');
    expect(() => window({ from: '22:00', to: '04:00', timeZone: 'Moon/Base' })).toThrow('IANA');
  });

  const time = fc
    .tuple(fc.nat(23), fc.nat(59))
    .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
  const anyWindow = fc.record({
    days: fc.uniqueArray(fc.constantFrom(...Day.options), { minLength: 1 }),
    from: time,
    to: time,
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia'),
  });
  const instant = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2030, 0, 1) });

  it('of whatever form open within eight days, are open then, and never later for more windows', () => {
    fc.assert(
      fc.property(
        fc.array(anyWindow, { minLength: 1, maxLength: 3 }),
        anyWindow,
        instant,
        (windows, more, now) => {
          const next = nextOpen(windows, now);
          expect(next).toBeGreaterThanOrEqual(now);
          expect(next - now).toBeLessThan(9 * 86_400_000);
          expect(nextOpen(windows, next)).toBe(next);
          expect(nextOpen([...windows, more], now)).toBeLessThanOrEqual(next);
        },
      ),
      { numRuns: 100 },
    );
  });
});
