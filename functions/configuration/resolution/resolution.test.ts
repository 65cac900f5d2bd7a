import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Definition, LayerName, StoredValue } from '../schemas.ts';
import { differencesOf, type JsonValue } from './differences.ts';
import { layerOf, layersOf, layerText, nameOf, type Reader, specificity } from './layers.ts';
import { resolveAll, resolveKey } from './resolve.ts';

const full: Reader = { namespace: 'shop', tenant: 'acme', service: 'orders', environment: 'production' };
const reader = fc.record(
  {
    namespace: fc.constant('shop'),
    tenant: fc.constant('acme'),
    service: fc.constant('orders'),
    environment: fc.constant('production'),
  },
  { requiredKeys: ['namespace'] },
) as fc.Arbitrary<Reader>;

const stored = (layer: LayerName, key: string, value: JsonValue | undefined, version = 1): StoredValue => ({
  ...layer,
  key,
  content: value === undefined ? null : { kind: 'plain', value },
  version,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  updatedBy: 'ann',
  why: 'a test',
  update: 'upd_1',
  tags: [],
});

/** What holds of `key` where the layers with an entry in `values`, by specificity, hold that. */
const held = (who: Reader, values: ReadonlyMap<number, JsonValue | undefined>, fallback?: JsonValue) => {
  const said = layersOf(who).map((layer) => {
    const rank = specificity(layer);
    return { layer, value: values.has(rank) ? stored(layer, 'k', values.get(rank)) : undefined };
  });
  return resolveKey('k', said, {
    secret: false,
    ...(fallback === undefined ? {} : { default: fallback }),
  });
};

describe('layers', () => {
  it('of one tenant of a service in an environment are eight: tenant before service before environment', () => {
    expect(layersOf(full).map(layerText)).toEqual([
      'tenant acme, service orders, environment production',
      'tenant acme, service orders',
      'tenant acme, environment production',
      'tenant acme',
      'service orders, environment production',
      'service orders',
      'environment production',
      'for all',
    ]);
    expect(nameOf({ ...full, key: 'limits.orders' })).toBe(
      'shop/limits.orders (tenant acme, service orders, environment production)',
    );
  });

  it('are in one order, no two of them equal, whoever reads', () => {
    fc.assert(
      fc.property(reader, (who) => {
        const ranks = layersOf(who).map(specificity);
        expect(ranks).toEqual([...new Set(ranks)].toSorted((a, b) => b - a));
        expect(ranks.at(-1)).toBe(0);
        expect(ranks[0]).toBe(specificity(who));
        expect(layersOf(full).filter((layer) => ranks.includes(specificity(layer)))).toHaveLength(
          ranks.length,
        );
      }),
    );
  });

  it('of a value are its own', () => {
    expect(layerOf({ namespace: 'shop', key: 'k', tenant: 'acme' })).toEqual({
      namespace: 'shop',
      tenant: 'acme',
    });
  });
});

describe('resolving', () => {
  const ranks = fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 8 });

  it('a value in a more specific layer wins, and without it the former holds again', () => {
    fc.assert(
      fc.property(reader, ranks, fc.integer({ min: 0, max: 7 }), (who, present, added) => {
        const before = new Map(present.filter((rank) => rank < added).map((rank) => [rank, `at ${rank}`]));
        const former = held(who, before);
        const looked = layersOf(who).some((layer) => specificity(layer) === added);
        const after = held(who, new Map([...before, [added, 'new']]));
        expect(after?.content).toEqual(looked ? { kind: 'plain', value: 'new' } : former?.content);
        // Deleted, it says nothing: what holds and whence is as before, and that it was there can be seen.
        const again = held(who, new Map([...before, [added, undefined]]));
        expect(again && { ...again, said: [] }).toEqual(former && { ...former, said: [] });
      }),
    );
  });

  it('nobody else’s layers and no less specific one change what holds', () => {
    fc.assert(
      fc.property(reader, ranks, (who, present) => {
        const values = new Map(present.map((rank) => [rank, `at ${rank}`]));
        const looked = layersOf(who).map(specificity);
        const best = looked.find((rank) => values.has(rank));
        const found = held(who, values, 'default');
        expect(found?.content).toEqual({
          kind: 'plain',
          value: best === undefined ? 'default' : `at ${best}`,
        });
        expect(found?.said.map(({ layer }) => specificity(layer))).toEqual(looked);
      }),
    );
  });

  it('the default of the definition holds where nobody says anything; null and false are said', () => {
    expect(held(full, new Map(), 5)).toMatchObject({ version: null, from: 'default' });
    expect(held(full, new Map())).toBeUndefined();
    expect(held(full, new Map([[4, null]]), 5)?.content).toEqual({ kind: 'plain', value: null });
    expect(held(full, new Map([[0, false]]), 5)?.content).toEqual({ kind: 'plain', value: false });
  });

  it('all keys come in order; names that JavaScript has a meaning for are names', () => {
    const layers = layersOf({ namespace: 'shop' });
    const [all] = layers;
    if (all === undefined) throw new Error('there is always a layer');
    const names = ['toString', 'b', 'valueOf'];
    const found = resolveAll(layers, [names.map((key) => stored(all, key, key))], []);
    expect(found.map(({ key, content }) => [key, content])).toEqual(
      ['b', 'toString', 'valueOf'].map((key) => [key, { kind: 'plain', value: key }]),
    );
  });

  it('a key is secret when its definition or any layer says so', () => {
    const layers = layersOf({ namespace: 'shop' });
    const sealed = { algorithm: 'a', ciphertext: '', keyArn: 'k', sealedAt: '2026-01-01T00:00:00.000Z' };
    const value = { ...stored({ namespace: 'shop' }, 'k', 1), content: { kind: 'secret' as const, sealed } };
    expect(resolveAll(layers, [[value]], [])[0]?.secret).toBe(true);
    const definition = { key: 'k', secret: true } as Definition;
    expect(resolveAll(layers, [[stored({ namespace: 'shop' }, 'k', 1)]], [definition])[0]?.secret).toBe(true);
  });
});

describe('differences', () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;

  it('a value has none to itself, and what differs is told from both sides alike', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        expect(differencesOf(one, JSON.parse(JSON.stringify(one)))).toEqual([]);
        const there = differencesOf(one, other).map(({ pointer }) => pointer);
        const back = differencesOf(other, one).map(({ pointer }) => pointer);
        expect(there.toSorted()).toEqual(back.toSorted());
        expect(there.length > 0).toBe(JSON.stringify(sorted(one)) !== JSON.stringify(sorted(other)));
      }),
    );
  });

  it('names the place, in lists of one length too', () => {
    expect(differencesOf({ a: { b: [1, 2] }, c: 1 }, { a: { b: [1, 3] }, d: 2 })).toEqual([
      { pointer: '/a/b/1', before: 2, after: 3 },
      { pointer: '/c', before: 1 },
      { pointer: '/d', after: 2 },
    ]);
    expect(differencesOf([1], [1, 2])).toEqual([{ pointer: '', before: [1], after: [1, 2] }]);
    expect(differencesOf(undefined, 1)).toEqual([{ pointer: '', after: 1 }]);
  });
});

/** Equal values, and no others, have equal texts of this. */
function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { entries: entries.map(([name, inner]) => [name, sorted(inner)]) };
}
