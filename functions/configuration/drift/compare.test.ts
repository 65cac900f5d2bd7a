import { describe, expect, it } from 'vitest';
import { compareReport } from './compare.ts';
import { comparePublished } from './compare-published.ts';

const report = (versions: Record<string, number>, etag: string | null = null) => ({
  namespace: 'shop',
  versions,
  etag,
  at: '2026-01-01T00:10:00.000Z',
});
const long = Date.parse('2026-01-01T00:00:00.000Z');
const lately = Date.parse('2026-01-01T00:09:45.000Z');
const nobody = new Set<string>();

interface Stands {
  key: string;
  version: number | null;
  changedAt: number;
}
const holding = (standing: Stands[]) => ({
  standing,
  tag: 'now',
  changedAt: Math.max(0, ...standing.map(({ changedAt }) => changedAt)),
});
const differencesOf = (
  told: ReturnType<typeof report>,
  standing: Stands[],
  busy: ReadonlySet<string> = nobody,
) => compareReport(told, holding(standing), busy).differences;

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
    expect(differencesOf(report({ other: 0 }), standing)).toMatchObject([{ stored: 1, inForce: null }]);
  });

  it('is held against what is stored as a whole, by its ETag', () => {
    const standing = [{ key: 'a', version: 2, changedAt: long }];
    const compared = (etag: string, versions = {}, busy = nobody, stands = standing) =>
      compareReport(report(versions, etag), holding(stands), busy);
    const inSync = { differences: [], document: null };
    for (const etag of ['now', '"now"', 'W/"now"', '"now.with-secrets"'])
      expect(compared(etag)).toEqual(inSync);
    const behind = { expected: 'now', inForce: 'then', behindSince: '2026-01-01T00:00:00.000Z' };
    expect(compared('"then.x"')).toEqual({ differences: [], document: behind });
    // The same number of another layer.
    expect(compared('"then"', { a: 2 })).toEqual({ differences: [], document: behind });
    // What differs by key says more.
    expect(compared('"then"', { a: 1 })).toMatchObject({ differences: [{ inForce: 1 }], document: null });
    expect(compared('"then"', {}, new Set(['a']))).toEqual(inSync);
    expect(compared('"then"', {}, nobody, [{ key: 'a', version: 2, changedAt: lately }])).toEqual(inSync);
  });

  it('is not judged by what a report says nothing of', () => {
    const standing = [{ key: 'a', version: 2, changedAt: long }];
    expect(differencesOf(report({}), standing)).toEqual([]);
    const full = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`k${at}`, 1]));
    const all = Object.keys(full).map((key) => ({ key, version: 1, changedAt: long }));
    expect(differencesOf(report(full), [...standing, ...all])).toEqual([]);
  });
});

describe('what AppConfig has in force', () => {
  const document = (namespaces: object, more = {}) =>
    JSON.stringify({ environment: 'live', service: 'checkout', ...more, namespaces });
  const plain = new Set(['shop/rate', 'shop/opening']);
  const compared = (found: string) =>
    comparePublished(
      document({
        shop: {
          rate: { value: 2, version: 1 },
          opening: { value: { from: 8 }, version: 3 },
          password: { secret: true, version: 1 },
        },
      }),
      found,
      (namespace, key) => plain.has(`${namespace}/${key}`),
    );

  it('is compared key by key; of what may be secret nothing is shown', () => {
    const found = document({
      shop: {
        rate: { value: 9, version: 1 },
        opening: { value: { from: 8 }, version: 3 },
        password: { value: 'geheim', version: 1 },
        constructor: { value: 'geheim' },
      },
    });
    const { differences, problem } = compared(found);
    expect(problem).toBeNull();
    expect(differences).toEqual([
      { namespace: 'shop', key: 'constructor', pointer: '', expected: null, found: null, hidden: true },
      { namespace: 'shop', key: 'password', pointer: '', expected: null, found: null, hidden: true },
      { namespace: 'shop', key: 'rate', pointer: '/value', expected: '2', found: '9', hidden: false },
    ]);
  });

  it('may lack everything, say more beside it, or be no such document', () => {
    expect(compared(document({})).differences).toHaveLength(3);
    const whole = { shop: JSON.parse(document({})).namespaces };
    expect(compared(document(whole, { constructor: 'geheim' })).differences.at(-1)).toEqual({
      ...{ namespace: null, key: null, pointer: '/constructor', expected: null, found: null, hidden: true },
    });
    for (const text of ['yes: no', '[]', '{"namespaces":[]}'])
      expect(compared(text)).toEqual({
        differences: [],
        problem: 'What is in force is no document of configuration',
      });
  });
});
