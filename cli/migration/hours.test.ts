import { describe, expect, it } from 'vitest';
import { timeOf, windowOf } from './hours.ts';

describe('hours on the command line', () => {
  it.each([
    ['mon-fri 22:00-04:00 Europe/Berlin', ['mon', 'tue', 'wed', 'thu', 'fri']],
    ['sat,sun 00:00-00:00 UTC', ['sat', 'sun']],
    ['Sun-Mon,wed 01:00-02:00 UTC', ['sun', 'mon', 'wed']],
    ['01:00-02:00 UTC', ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']],
  ])('%s', (text, days) => {
    expect(windowOf(text).days).toEqual(days);
  });

  it('keep times and zone', () => {
    expect(windowOf(' fri 22:00-04:30 Asia/Kathmandu ')).toEqual({
      days: ['fri'],
      from: '22:00',
      to: '04:30',
      timeZone: 'Asia/Kathmandu',
    });
  });

  it.each([
    '22:00-04:00',
    'weekend 22:00-04:00 UTC',
    '22-04 UTC',
    'mon 25:00-26:00 UTC',
    'mon 22:00-23:00 Nowhere',
  ])('refuse %s, saying what is expected', (text) => {
    expect(() => windowOf(text)).toThrow('mon-fri 22:00-04:00 Europe/Berlin');
  });

  it('are times with an offset', () => {
    expect(timeOf('2026-03-02T22:00:00+01:00')).toBe('2026-03-02T21:00:00.000Z');
    for (const text of ['2026-03-02T22:00:00', 'tonight', '2026-13-02T22:00:00Z'])
      expect(() => timeOf(text)).toThrow('offset from UTC');
  });
});
