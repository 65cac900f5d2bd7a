import { expect, it } from 'vitest';
import { type KnownMigration, pathBetween } from './path.ts';
import type { VersionSource } from './schemas.ts';

type Outcome = Extract<VersionSource, { kind: 'migration' }>['outcome'];
const by = (migration: string, outcome: Outcome): VersionSource => ({
  kind: 'migration',
  migration,
  name: `the ${migration}`,
  outcome,
});
/** Versions from 1 on; a source given twice with the same hash changes nothing. */
const versions = (...made: [hash: string, source: VersionSource][]) =>
  made.map(([hash, source], at) => ({ number: at + 1, hash, source }));
const known = new Map<string, KnownMigration>(
  ['a', 'b', 'c'].map((id) => [
    id,
    {
      migration: id,
      name: `the ${id}`,
      fileName: `${id}.yaml`,
      undo: 'exact',
      standsForGood: id === 'c' ? 'its old form was removed' : null,
    },
  ]),
);
const baseline: VersionSource = { kind: 'baseline' };
const accepted: VersionSource = { kind: 'drift_accepted' };
const way = (list: ReturnType<typeof versions>, from: number, to: number) => {
  const between = list.filter(({ number }) => number >= Math.min(from, to) && number <= Math.max(from, to));
  const found = pathBetween(between, from, to, known);
  return 'path' in found
    ? `${found.path.direction} ${found.path.steps.map(({ migration }) => migration).join()}`
    : found.reason;
};

it('goes up and down by the migrations between', () => {
  const list = versions(['1', baseline], ['2', by('a', 'completed')], ['3', by('b', 'completed')]);
  expect(way(list, 1, 3)).toBe('up a,b');
  expect(way(list, 3, 1)).toBe('down b,a');
  expect(way(list, 2, 3)).toBe('up b');
  expect(way(list, 2, 2)).toBe('none ');
});

it('leaves out what was undone on the way', () => {
  const list = versions(
    ['1', baseline],
    ['2', by('a', 'completed')],
    ['1', by('a', 'undone')],
    ['3', by('b', 'completed')],
    ['3', by('b', 'removed')],
  );
  expect(way(list, 1, 5)).toBe('up b');
  expect(way(list, 1, 3)).toBe('none ');
  expect(way(list, 2, 4)).toBe('Version 3 undid the a, which was there before version 2');
});

it('says why there is no way', () => {
  const byHand = versions(['1', baseline], ['2', accepted], ['3', by('a', 'completed')]);
  expect(way(byHand, 1, 3)).toBe('Version 2 was changed by hand and accepted: no migration leads there');
  expect(way(byHand, 3, 2)).toBe('down a');
  const removed = versions(['1', baseline], ['2', by('c', 'completed')]);
  expect(way(removed, 1, 2)).toBe('up c');
  expect(way(removed, 2, 1)).toBe('the c (c) cannot be undone: its old form was removed');
  const unknown = versions(['1', baseline], ['2', by('z', 'completed')]);
  expect(way(unknown, 1, 2)).toBe('The migration z is not known any more');
});
