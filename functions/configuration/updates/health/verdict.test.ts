import { describe, expect, it } from 'vitest';
import type { UpdateRecord } from '../records.ts';
import { type Found, judge } from './verdict.ts';

const now = Date.parse('2026-01-01T00:00:30.000Z');
const health = (more: Partial<UpdateRecord['health']> = {}): Pick<UpdateRecord, 'health'> => ({
  health: {
    forSeconds: 60,
    urls: [],
    unknown: 'skip',
    intervalSeconds: 5,
    until: '2026-01-01T00:01:00.000Z',
    looks: 3,
    bad: 0,
    seen: [],
    illBefore: [],
    skipped: [],
    hurriedAt: null,
    lookedAt: null,
    ...more,
  },
});
const look = (place: string, well: boolean) => ({ service: 'orders', place, well, detail: '' });
const found = (more: Partial<Found> = {}): Found => ({
  seen: [look('a', true)],
  unknown: [],
  failures: [],
  reporting: 0,
  ...more,
});
const over = { until: '2026-01-01T00:00:30.000Z' };

describe('what a look means', () => {
  it('is to look again until the time is over', () => {
    expect(judge(health(), found(), now)).toEqual({ kind: 'hold', waitMs: 5_000, bad: 0 });
    expect(judge(health(over), found(), now)).toEqual({ kind: 'well' });
    const short = health({ until: '2026-01-01T00:00:32.000Z' });
    expect(judge(short, found(), now)).toEqual({ kind: 'hold', waitMs: 2_000, bad: 0 });
  });

  it('blames the update for what is ill twice in a row, or at the end', () => {
    const ill = found({ seen: [look('a', true), look('b', false)] });
    expect(judge(health(), ill, now)).toMatchObject({ kind: 'hold', bad: 1 });
    expect(judge(health({ bad: 1 }), ill, now)).toEqual({ kind: 'ill', ill: [look('b', false)] });
    expect(judge(health(over), ill, now)).toMatchObject({ kind: 'ill' });
    expect(judge(health({ bad: 1 }), found(), now)).toMatchObject({ kind: 'hold', bad: 0 });
  });

  it('is not of what was ill before', () => {
    const before = health({ bad: 1, illBefore: ['b'] });
    expect(judge(before, found({ seen: [look('a', true), look('b', false)] }), now)).toMatchObject({
      kind: 'hold',
      bad: 0,
    });
    // A correction is not held up by what it corrects.
    expect(judge(before, found({ seen: [look('b', false)] }), now)).toEqual({ kind: 'well' });
  });

  it('gives a URL that was ill before until the end', () => {
    const url = { service: null, place: 'u', well: false, detail: '' };
    const before = { bad: 1, illBefore: ['u'] };
    expect(judge(health(before), found({ seen: [url] }), now)).toMatchObject({ kind: 'hold', bad: 0 });
    expect(judge(health({ ...before, ...over }), found({ seen: [url] }), now)).toMatchObject({ kind: 'ill' });
    expect(judge(health(over), found({ seen: [{ ...url, well: true }] }), now)).toEqual({ kind: 'well' });
  });

  it('believes a report at once', () => {
    const failures = [look('instance-1', false)];
    expect(judge(health(), found({ failures }), now)).toEqual({ kind: 'ill', ill: failures });
  });

  it('waits for nobody, and for services that have no instance as it is told', () => {
    const none = { seen: [], unknown: ['billing'] };
    expect(judge(health(), found(none), now)).toEqual({ kind: 'well' });
    expect(judge(health(), found({ ...none, reporting: 1 }), now)).toMatchObject({ kind: 'hold' });
    const failing = health({ unknown: 'fail', bad: 1 });
    expect(judge(failing, found(none), now)).toMatchObject({ kind: 'ill', ill: [{ place: 'billing' }] });
  });
});
