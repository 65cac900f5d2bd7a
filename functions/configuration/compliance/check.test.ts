import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layersOf, specificity } from '../resolution/layers.ts';
import type { LayerName } from '../schemas.ts';
import { fits, type Held, violationsOf } from './check.ts';
import type { Rule } from './schemas.ts';

const rule = (where: Partial<Rule['where']> = {}): Rule => ({
  name: 'tls-in-production',
  description: 'TLS on everywhere',
  where: { key: '*.tls', ...where },
  require: { const: true },
  level: 'refuse',
  updatedAt: '2026-01-01T00:00:00.000Z',
  updatedBy: 'ada',
});
const held = (layer: Omit<LayerName, 'namespace'>, value: boolean): Held => ({
  layer: { namespace: 'web', ...layer },
  content: { kind: 'plain', value },
});
const key = { namespace: 'web', key: 'http.tls' };

describe('a rule', () => {
  it('finds what holds for those of whom it speaks, and the layer that says so', () => {
    const values = {
      ...key,
      held: [held({}, false), held({ environment: 'production' }, true), held({ tenant: 'acme' }, false)],
    };
    expect(violationsOf(rule({ environment: 'production' }), values)).toEqual([
      {
        rule: 'tls-in-production',
        level: 'refuse',
        key: { ...key, environment: 'production', tenant: 'acme' },
        from: { ...key, tenant: 'acme' },
        problem: 'the value must be equal to constant',
      },
    ]);
  });

  it('holds defaults against itself, and neither secrets nor keys that say nothing', () => {
    expect(violationsOf(rule(), { ...key, default: false, held: [] })).toMatchObject([{ key, from: null }]);
    expect(violationsOf(rule(), { ...key, held: [] })).toEqual([]);
    const sealed = { algorithm: 'x', ciphertext: '', keyArn: '', sealedAt: '2026-01-01T00:00:00.000Z' };
    const secret: Held = { layer: { namespace: 'web' }, content: { kind: 'secret', sealed } };
    expect(violationsOf(rule(), { ...key, held: [secret] })).toEqual([]);
  });

  it('speaks of the keys that its pattern fits', () => {
    expect([fits('*', 'a.b'), fits('a.*', 'a.b'), fits('*.b', 'a.b'), fits('a*b', 'ab')]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([fits('a', 'a.b'), fits('*.c', 'a.b'), fits('ab*b', 'ab'), fits('a*x*b', 'a.b')]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    // Where a pattern could be tried in very many ways, it is not.
    expect(fits(`${'a*'.repeat(60)}b`, 'a'.repeat(128))).toBe(false);
  });

  const name = fc.option(fc.constantFrom('a', 'b'), { nil: undefined });
  const layer = fc.record({ service: name, environment: name, tenant: name }).map((names) => {
    const known: Omit<LayerName, 'namespace'> = {};
    if (names.service !== undefined) known.service = names.service;
    if (names.environment !== undefined) known.environment = names.environment;
    if (names.tenant !== undefined) known.tenant = names.tenant;
    return known;
  });

  it('finds every layer that says something wrong to any reader, and no other', () => {
    const layers = fc.uniqueArray(fc.tuple(layer, fc.boolean()), {
      selector: ([one]) => JSON.stringify(one),
    });
    fc.assert(
      fc.property(layers, layer, (all, where) => {
        const values = all.map(([names, value]) => held(names, value));
        const expected = new Set<string>();
        // Somebody of whom nothing is stored reads too.
        for (const service of ['a', 'b', 'c', undefined])
          for (const environment of ['a', 'b', 'c', undefined])
            for (const tenant of ['a', 'b', 'c', undefined]) {
              if (where.service !== undefined && where.service !== service) continue;
              if (where.environment !== undefined && where.environment !== environment) continue;
              if (where.tenant !== undefined && where.tenant !== tenant) continue;
              const reader: LayerName = { namespace: 'web' };
              if (service !== undefined) reader.service = service;
              if (environment !== undefined) reader.environment = environment;
              if (tenant !== undefined) reader.tenant = tenant;
              const winner = layersOf(reader)
                .map((one) =>
                  values.find((value) => JSON.stringify(byName(value.layer)) === JSON.stringify(byName(one))),
                )
                .find((one) => one !== undefined);
              if (winner?.content.kind === 'plain' && winner.content.value === false)
                expected.add(JSON.stringify(byName(winner.layer)));
            }
        const found = violationsOf(rule(where), { ...key, held: values }).map(({ from }) => {
          if (from === null) throw new Error('There is no default');
          const { key: _key, ...layer } = from;
          return JSON.stringify(byName(layer));
        });
        expect(new Set(found)).toEqual(expected);
        expect(found.length).toBe(expected.size);
      }),
    );
  });
});

const byName = (layer: LayerName) => [specificity(layer), layer.service, layer.environment, layer.tenant];
