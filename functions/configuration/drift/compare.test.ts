import { describe, expect, it } from 'vitest';
import { differencesOf } from './compare.ts';

const report = (versions: Record<string, number>) => ({
  namespace: 'shop',
  versions,
  at: '2026-01-01T00:10:00.000Z',
});
const long = Date.parse('2026-01-01T00:00:00.000Z');
const lately = Date.parse('2026-01-01T00:09:45.000Z');
const nobody = new Set<string>();

describe('what an instance has in force', () => {
  it('is held against what is stored', () => {
    const standing = [
      { key: 'a', version: 2, changedAt: long },
      { key: 'b', version: 5, changedAt: long },
      { key: 'c', version: null, changedAt: 0 },
    ];
    expect(differencesOf(report({ a: 2, b: 4, c: 0 }), standing, nobody)).toEqual([
      { key: { namespace: 'shop', key: 'b' }, stored: 5, inForce: 4 },
    ]);
    expect(differencesOf(report({ a: 2, b: 5, gone: 1 }), standing, nobody)).toEqual([
      { key: { namespace: 'shop', key: 'gone' }, stored: null, inForce: 1 },
    ]);
    expect(differencesOf(report({ b: 5 }), standing, nobody)).toEqual([
      { key: { namespace: 'shop', key: 'a' }, stored: 2, inForce: null },
    ]);
  });

  it('is not held against what changed a moment ago, or is about to', () => {
    expect(differencesOf(report({ a: 1 }), [{ key: 'a', version: 2, changedAt: lately }], nobody)).toEqual(
      [],
    );
    expect(
      differencesOf(report({ a: 1 }), [{ key: 'a', version: 2, changedAt: long }], new Set(['a'])),
    ).toEqual([]);
  });

  it('may be called as parts of the language are', () => {
    const standing = [{ key: 'constructor', version: 1, changedAt: long }];
    expect(differencesOf(report({}), standing, nobody)).toMatchObject([{ stored: 1, inForce: null }]);
  });
});
