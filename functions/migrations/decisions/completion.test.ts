import { describe, expect, it } from 'vitest';
import { differences } from './completion.ts';

describe('definitions before and after', () => {
  it('that are equal differ nowhere, whatever the order of their keys', () => {
    expect(differences({ a: [1, { b: null }], c: 'x' }, { c: 'x', a: [1, { b: null }] })).toEqual([]);
  });

  it('differ at the paths that changed, came or went', () => {
    const before = { tables: [{ columns: ['id', 'name'] }], views: {} };
    const after = { tables: [{ columns: ['id'] }, { columns: [] }], views: { v: 1 } };
    expect(differences(before, after)).toEqual(['/tables/0/columns/1', '/tables/1', '/views/v']);
    expect(differences(1, 2)).toEqual(['/']);
  });

  it('name at most twenty places', () => {
    expect(differences(Array(100).fill(1), Array(100).fill(2))).toHaveLength(20);
  });
});
