import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ahead, freedBy, mayAct } from './queue.ts';

const entries = [
  { id: 'a', keys: ['x', 'y'] },
  { id: 'b', keys: ['y', 'z'] },
  { id: 'c', keys: ['z'] },
  { id: 'd', keys: ['w'] },
];

const queue = fc
  .array(fc.uniqueArray(fc.constantFrom('u', 'v', 'w', 'x', 'y', 'z'), { minLength: 1, maxLength: 4 }), {
    maxLength: 12,
  })
  .map((keys) => keys.map((own, at) => ({ id: `upd_${at}`, keys: own })));

describe('the order of updates', () => {
  it('lets those act that share no key with one before them', () => {
    expect(entries.map(({ id }) => mayAct(entries, id))).toEqual([true, false, false, true]);
    expect(ahead(entries, 'c', ['z'])).toEqual(['b']);
    expect(ahead(entries, 'new', ['x', 'w'])).toEqual(['a', 'd']);
    expect(mayAct(entries, 'unknown')).toBe(false);
  });

  it('frees those who waited for nobody else', () => {
    expect(freedBy(entries, 'a')).toEqual(['b']);
    expect(freedBy(entries, 'b')).toEqual(['c']);
    expect(freedBy(entries, 'd')).toEqual([]);
  });

  it('never lets two that share a key act, and always somebody', () => {
    fc.assert(
      fc.property(queue, (all) => {
        const acting = all.filter(({ id }) => mayAct(all, id));
        const held = acting.flatMap(({ keys }) => keys);
        expect(new Set(held).size).toBe(held.length);
        if (all.length > 0) expect(acting.length).toBeGreaterThan(0);
      }),
    );
  });

  it('ends whoever waits, and updates of one key in the order in which they asked', () => {
    fc.assert(
      fc.property(queue, fc.nat(), (all, seed) => {
        let left = all;
        const ended: string[] = [];
        while (left.length > 0) {
          const acting = left.filter(({ id }) => mayAct(left, id));
          const next = acting[seed % acting.length];
          if (next === undefined) throw new Error('Nobody may act');
          const freed = freedBy(left, next.id);
          left = left.filter(({ id }) => id !== next.id);
          expect(freed.every((id) => mayAct(left, id))).toBe(true);
          ended.push(next.id);
        }
        for (const key of ['u', 'v', 'w', 'x', 'y', 'z'] as const) {
          const asked = all.filter(({ keys }) => keys.includes(key)).map(({ id }) => id);
          expect(ended.filter((id) => asked.includes(id))).toEqual(asked);
        }
      }),
    );
  });
});
