import { describe, expect, it } from 'vitest';
import { acting, asked } from '../testing/record.ts';
import { assertActing, assertWanted, phasesAfter } from './history.ts';

const run = (name: 'expand' | 'backfill', endedAt: string | null) => ({
  name,
  startedAt: 'a',
  endedAt,
  epoch: 3,
});

describe('phases', () => {
  it('end when the next begins, and are entered once', () => {
    const first = phasesAfter([], 'expand', 3, 'a');
    expect(first).toEqual([run('expand', null)]);
    expect(phasesAfter(first, 'expand', 3, 'b')).toBe(first);
    expect(phasesAfter(first, 'backfill', 3, 'b')).toMatchObject([
      { name: 'expand', endedAt: 'b' },
      { name: 'backfill', startedAt: 'b', endedAt: null },
    ]);
    expect(phasesAfter(first, null, 3, 'c')).toEqual([run('expand', 'c')]);
  });

  it('begin again under another epoch', () => {
    expect(phasesAfter([run('expand', null)], 'expand', 4, 'b')).toHaveLength(2);
  });
});

describe('a task', () => {
  it('is refused when another epoch acts, or its phase is over', () => {
    const record = acting('migration', {
      phase: 'backfill',
      phases: [run('expand', 'b'), run('backfill', null)],
    });
    expect(() => assertActing(record, 3, 'backfill')).not.toThrow();
    expect(() => assertActing(record, 3, 'index')).not.toThrow();
    expect(() => assertActing(record, 2, 'backfill')).toThrow('Epoch 2');
    expect(() => assertActing(record, 3, 'expand')).toThrow('is over');
    expect(() => assertActing({ ...record, lease: null }, 3, 'backfill')).toThrow('does not act');
  });

  it('stops when a rollback was asked for, but not the rollback itself', () => {
    expect(() => assertWanted(acting('migration', { cancel: asked }))).toThrow('asked for a rollback');
    expect(() => assertWanted(acting('rollback', { cancel: asked }))).not.toThrow();
  });
});
