import { afterEach, describe, expect, it } from 'vitest';
import { setClock, systemClock } from '#platform/clock.ts';
import { afterChange } from './superseded.ts';

const at = (minutes: number) => Date.UTC(2026, 0, 1) + minutes * 60_000;
const iso = (minutes: number) => new Date(at(minutes)).toISOString();
const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0)) one();
});
const setNow = (minutes: number) =>
  undo.push(setClock({ ...systemClock, now: () => at(minutes), iso: () => iso(minutes) }));
const stored = (key: string) => ({ key, bytes: 1 });

describe('objects of former changes', () => {
  it('stay for an hour, and what the record names is never among them', () => {
    setNow(90);
    const superseded = [
      { key: 'old', at: iso(0) },
      { key: 'due', at: iso(30) },
      { key: 'young', at: iso(31) },
    ];
    expect(afterChange({ snapshot: stored('s'), document: stored('d'), superseded })).toEqual({
      gone: ['old', 'due'],
      kept: [
        { key: 'young', at: iso(31) },
        { key: 's', at: iso(90) },
        { key: 'd', at: iso(90) },
      ],
    });
    expect(afterChange({ snapshot: null, document: null, superseded: [] })).toEqual({ gone: [], kept: [] });
  });

  it('go sooner where there are more than 200, the oldest first', () => {
    setNow(1);
    const superseded = Array.from({ length: 200 }, (_, each) => ({ key: `k${each}`, at: iso(0) }));
    const { gone, kept } = afterChange({ snapshot: stored('s'), document: stored('d'), superseded });
    expect(gone).toEqual(['k0', 'k1']);
    expect(kept).toHaveLength(200);
  });
});
