import { describe, expect, it } from 'vitest';
import { bulkTag, hasSame, keepsNewer, type Made } from './bulk-tag.ts';

const old: Made = {
  body: { flags: [{ key: 'a', value: 1 }] },
  order: 7,
  killSwitches: 'k3',
  context: { targetingKey: 'ada' },
};
const next: Made = { ...old, body: { flags: [{ key: 'a', value: 2 }] }, order: 8 };
const nothing = { deployed: null, deploying: null };
const growing = {
  deployed: { revision: 7, at: '2026-01-01T00:00:00.000Z', version: 1 },
  deploying: { revision: 8, deployment: 1, percentage: 20, since: '2026-01-01T00:00:00.000Z' },
};

describe('the tag of a bulk answer', () => {
  it('is known again in whatever form a client or a proxy sends it, by what is in the answer', () => {
    expect(hasSame(undefined, old)).toBe(false);
    expect(hasSame(`"x", W/${bulkTag(old)}`, old)).toBe(true);
    expect(hasSame('*', old)).toBe(true);
    expect(hasSame(bulkTag(next), old)).toBe(false);
    // Another revision of the flags that says the same to this user.
    expect(hasSame(bulkTag({ ...old, order: 9 }), old)).toBe(true);
    for (const made of [old, { ...old, order: null, context: undefined }])
      expect(bulkTag(made)).toMatch(/^"[\w-]{32}\.\d*\.[\w-]{16}"$/);
  });
});

describe('who has newer flags than the function that is asked', () => {
  const keeps = (tag: Made, publication: Parameters<typeof keepsNewer>[2], made = old) =>
    keepsNewer(bulkTag(tag), made, publication);

  it('keeps them while they are deployed, and when they are', async () => {
    expect(await keeps(next, async () => growing)).toBe(true);
    const done = { deployed: { ...growing.deployed, revision: 8 }, deploying: null };
    expect(await keeps(next, async () => done)).toBe(true);
  });

  it('goes back when they were taken back', async () => {
    expect(await keeps(next, async () => ({ ...growing, deploying: null }))).toBe(false);
    expect(await keeps(next, async () => nothing)).toBe(false);
  });

  it('hears of a kill switch, and is told what holds for another user', async () => {
    expect(await keeps(next, async () => growing, { ...old, killSwitches: 'k4' })).toBe(false);
    expect(await keeps(next, async () => growing, { ...old, context: { targetingKey: 'bob' } })).toBe(false);
  });

  it('is looked up for those alone', async () => {
    const never = () => Promise.reject(new Error('asked'));
    expect(await keeps(old, never)).toBe(false);
    expect(await keeps(old, never, next)).toBe(false);
    expect(await keeps(next, never, { ...old, order: null })).toBe(false);
    expect(await keepsNewer('"anything", *', old, never)).toBe(false);
    expect(await keepsNewer(undefined, old, never)).toBe(false);
  });
});
