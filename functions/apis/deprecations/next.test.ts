import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setClock, systemClock } from '#platform/clock.ts';
import { dayMs } from './calendar.ts';
import { newRecord } from './new-record.ts';
import { nextOf } from './next.ts';
import { Policy } from './policies.ts';
import type { DeprecationRecord } from './records.ts';
import { NewDeprecation } from './schemas.ts';
import { calendarFor } from './standing.ts';

const start = Date.parse('2026-01-01T00:00:00.000Z');
const iso = (ms: number) => new Date(ms).toISOString();
let restore = () => {};
beforeAll(() => {
  restore = setClock({ ...systemClock, now: () => start, iso: () => iso(start) });
});
afterAll(() => restore());

const consumer = (name: string, requests: number, consented = false) => ({
  consumer: name,
  requests,
  lastSeen: null,
  uses: [],
  consented: consented ? { by: 'ann', at: iso(start) } : null,
  exempt: false,
  ready: consented || requests === 0,
});

function announced(policy: Partial<Policy>, more: Partial<DeprecationRecord> = {}): DeprecationRecord {
  const request = NewDeprecation.parse({ version: '1.0.0', reason: 'Old' });
  const whole = Policy.parse({ noticeDays: 60, remindDays: [30], ...policy });
  const record = newRecord('orders', request, { id: 'dpr_1', by: 'ann', successor: '2.0.0', policy: whole });
  const told = { ...record, announcedAt: iso(start), phase: 'warning' as const };
  return {
    ...told,
    toldSunset: iso(calendarFor(told, start).removeAt),
    analysed: { from: iso(start), to: iso(start), at: iso(start) },
    ...more,
  };
}
const brownouts = [
  { hours: 1, gapDays: 7 },
  { hours: 4, gapDays: 7 },
];
const day = (days: number) => start + days * dayMs;

describe('what is to be done of a deprecation', () => {
  it('is first its announcement, then nothing for a week', () => {
    expect(nextOf(announced({}, { announcedAt: null }), start)).toEqual({ do: 'begin' });
    expect(nextOf(announced({}), start)).toEqual({ do: 'rest', until: day(7) });
  });

  it('is one reminder, the latest, of those whose day has come', () => {
    const record = announced({ remindDays: [50, 30] });
    expect(nextOf(record, day(35))).toEqual({ do: 'remind', days: 30 });
    expect(nextOf({ ...record, reminded: ['50-0', '30-0'] }, day(35))).toMatchObject({ do: 'rest' });
  });

  it('announces a brownout before it, watches it, and lets it be over', () => {
    const record = announced({ brownouts, remindDays: [] });
    const next = nextOf(record, day(39));
    expect(next).toMatchObject({ do: 'announce-brownout', index: 0, from: day(46) });
    const [first, second] = record.brownouts;
    if (first === undefined || second === undefined) throw new Error('there are two');
    const dates = { from: iso(day(46)), to: iso(day(46) + 3_600_000) };
    const told = { ...record, brownouts: [{ ...first, ...dates, state: 'announced' as const }, second] };
    expect(nextOf(told, day(45))).toEqual({ do: 'rest', until: day(46) });
    expect(nextOf(told, day(46))).toEqual({ do: 'watch-brownout', index: 0 });
    expect(
      nextOf({ ...told, status: 'paused', paused: { by: 'a', at: iso(start), reason: 'b' } }, day(46)),
    ).toEqual({
      do: 'rest',
      until: null,
    });
  });

  it('tells what is due while a brownout lasts, so that nothing after it comes later for that', () => {
    const record = announced({ brownouts, remindDays: [14] });
    const [first, second] = record.brownouts;
    if (first === undefined || second === undefined) throw new Error('there are two');
    const dates = { from: iso(day(46)), to: iso(day(46) + 3_600_000) };
    const begun = { ...record, brownouts: [{ ...first, ...dates, state: 'begun' as const }, second] };
    const minutes = (many: number) => day(46) + many * 60_000;
    expect(nextOf(begun, minutes(5))).toMatchObject({ do: 'announce-brownout', index: 1, from: day(53) });
    const next = { from: iso(day(53)), to: iso(day(53) + 4 * 3_600_000), state: 'announced' as const };
    const told = { ...begun, brownouts: begun.brownouts.with(1, { ...second, ...next }) };
    expect(nextOf(told, minutes(5))).toEqual({ do: 'remind', days: 14 });
    const reminded = { ...told, reminded: ['14-0'] };
    expect(nextOf(reminded, minutes(5))).toEqual({ do: 'watch-brownout', index: 0 });
    // Its end comes before everything else.
    expect(nextOf(begun, minutes(60))).toEqual({ do: 'watch-brownout', index: 0 });
  });

  it('is at the end what the policy and the consumers say', () => {
    const used = [consumer('shop', 5), consumer('app', 0)];
    const end = (policy: Partial<Policy>, more: Partial<DeprecationRecord> = {}) =>
      nextOf(announced({ remindDays: [], ...policy }, { consumers: used, ...more }), day(60)).do;
    expect(end({ consent: 'not' })).toBe('remove');
    expect(end({ consent: 'enough' })).toBe('remove');
    expect(end({ consent: 'required' })).toBe('ask-consent');
    expect(end({ consent: 'required' }, { askedConsentAt: iso(day(60)) })).toBe('rest');
    expect(end({ consent: 'required' }, { consumers: [consumer('shop', 5, true)] })).toBe('remove');
    expect(end({ extensions: { max: 1, days: 10, automatic: true } })).toBe('extend');
  });

  it('ends the wait when all consent, where that is enough, and never by silence', () => {
    const agreed = { consumers: [consumer('shop', 5, true), consumer('app', 0)] };
    expect(nextOf(announced({ consent: 'enough' }, agreed), day(1)).do).toBe('remove');
    expect(nextOf(announced({ consent: 'required' }, agreed), day(1)).do).toBe('rest');
    const silent = { consumers: [consumer('app', 0)] };
    expect(nextOf(announced({ consent: 'enough' }, silent), day(1)).do).toBe('rest');
  });

  it('is to be taken back whenever somebody says so, and over after its window', () => {
    const by = { by: 'ann', at: iso(start), reason: 'No' };
    expect(nextOf(announced({}, { cancel: by }), day(100)).do).toBe('take-back');
    const removed = announced({}, { removedAt: iso(day(60)), restorableUntil: iso(day(90)) });
    expect(nextOf(removed, day(89))).toEqual({ do: 'rest', until: day(90) });
    expect(nextOf({ ...removed, restore: by }, day(89)).do).toBe('take-back');
    expect(nextOf(removed, day(90)).do).toBe('finish');
  });

  it('never rests past the removal, and never removes before it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 0, max: 40 }), (days, extension) => {
        const extensions = extension === 0 ? [] : [{ days: extension, by: 'a', at: iso(start), reason: 'b' }];
        const record = announced(
          { brownouts, consent: 'not' },
          { extensions, consumers: [consumer('s', 1)] },
        );
        const now = day(days);
        const { removeAt } = calendarFor(record, now);
        const next = nextOf(record, now);
        if (next.do === 'remove') expect(removeAt).toBeLessThanOrEqual(now);
        if (next.do === 'rest') expect(next.until).toBeLessThanOrEqual(removeAt);
        if (days < 60 + extension) expect(next.do).not.toBe('remove');
      }),
    );
  });
});
