import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BrownoutStanding, calendarOf, dayMs, type Standing } from './calendar.ts';
import { builtInPolicies, Policy } from './policies.ts';

const start = Date.parse('2026-01-01T00:00:00.000Z');
const policies = fc
  .record({
    noticeDays: fc.integer({ min: 1, max: 800 }),
    remindDays: fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 6 }),
    brownouts: fc.array(
      fc.record({ hours: fc.integer({ min: 1, max: 30 }), gapDays: fc.integer({ min: 1, max: 30 }) }),
      { maxLength: 8 },
    ),
    brownoutNoticeDays: fc.integer({ min: 0, max: 20 }),
  })
  .map((given) => Policy.safeParse(given))
  .filter(({ success }) => success)
  .map(({ data }) => {
    if (data === undefined) throw new Error('only policies that were read are left');
    return data;
  });

/** A policy some days after its announcement, with some of its brownouts over or left out, in order. */
const standings = fc
  .tuple(policies, fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 200 }), fc.array(fc.boolean()))
  .map(([policy, days, extendedDays, skips]) => {
    const now = start + days * dayMs;
    const fresh: Standing = { policy, announcedAt: start, extendedDays, pausedMs: 0, brownouts: [] };
    const brownouts = calendarOf(fresh, start).brownouts.map(({ from, to, index }): BrownoutStanding => {
      if (skips[index]) return { state: 'skipped', from: null, to: null };
      return to <= now ? { state: 'held', from, to } : { state: 'planned', from: null, to: null };
    });
    return { standing: { ...fresh, brownouts }, now };
  });

describe('the calendar of a deprecation', () => {
  it('keeps the order: announcement, brownouts that do not meet, removal', () => {
    fc.assert(
      fc.property(standings, ({ standing, now }) => {
        const { brownouts, removeAt } = calendarOf(standing, now);
        let free = standing.announcedAt;
        for (const { from, to } of brownouts) {
          expect(from).toBeGreaterThanOrEqual(free);
          expect(to).toBeGreaterThan(from);
          free = to;
        }
        expect(removeAt).toBeGreaterThanOrEqual(free);
        expect(removeAt).toBeGreaterThanOrEqual(start + standing.policy.noticeDays * dayMs);
      }),
    );
  });

  it('never begins a brownout that was not announced in time', () => {
    fc.assert(
      fc.property(standings, ({ standing, now }) => {
        const notice = standing.policy.brownoutNoticeDays * dayMs;
        for (const { state, announceAt, from } of calendarOf(standing, now).brownouts) {
          expect(announceAt).toBeLessThanOrEqual(from - notice);
          if (state === 'planned') expect(from).toBeGreaterThanOrEqual(now + notice - 3_600_000);
        }
      }),
    );
  });

  it('never brings anything forward by an extension, or by being late', () => {
    fc.assert(
      fc.property(standings, fc.integer({ min: 1, max: 100 }), ({ standing, now }, more) => {
        const before = calendarOf(standing, now);
        const longer = { ...standing, extendedDays: standing.extendedDays + more };
        const paused = { ...standing, pausedMs: more };
        for (const after of [longer, paused]
          .map((one) => calendarOf(one, now))
          .concat(calendarOf(standing, now + more * dayMs))) {
          expect(after.removeAt).toBeGreaterThanOrEqual(before.removeAt);
          for (const [at, { from }] of after.brownouts.entries())
            expect(from).toBeGreaterThanOrEqual(before.brownouts[at]?.from ?? 0);
        }
      }),
    );
  });

  it('reminds in order, after the announcement and before the removal', () => {
    fc.assert(
      fc.property(standings, ({ standing, now }) => {
        const { reminders, removeAt } = calendarOf(standing, now);
        const times = reminders.map(({ at }) => at);
        expect(times).toEqual(times.toSorted((one, other) => one - other));
        for (const at of times) {
          expect(at).toBeGreaterThan(start);
          expect(at).toBeLessThanOrEqual(removeAt);
        }
      }),
    );
  });

  it('of a stable API takes 24 months and ends with eight brownouts that grow', () => {
    const policy = builtInPolicies.get('stable');
    if (policy === undefined) throw new Error('it is built in');
    const { brownouts, removeAt } = calendarOf(
      { policy, announcedAt: start, extendedDays: 0, pausedMs: 0, brownouts: [] },
      start,
    );
    expect(new Date(removeAt).toISOString()).toBe('2028-01-01T00:00:00.000Z');
    expect(brownouts.map(({ from, to }) => (to - from) / 3_600_000)).toEqual([1, 1, 4, 4, 8, 8, 24, 24]);
    expect(new Date(brownouts[0]?.from ?? 0).toISOString()).toBe('2027-11-06T00:00:00.000Z');
  });
});

describe('a policy', () => {
  it('is refused when its brownouts or reminders do not fit into its notice', () => {
    const brownouts = [{ hours: 30, gapDays: 1 }];
    expect(Policy.safeParse({ noticeDays: 7, brownouts }).success).toBe(false);
    expect(Policy.safeParse({ noticeDays: 30, brownouts }).error?.issues[0]?.message).toMatch(/gap/);
    expect(Policy.safeParse({ noticeDays: 7, remindDays: [7] }).success).toBe(false);
  });
});
