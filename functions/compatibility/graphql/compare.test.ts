import fc from 'fast-check';
import { findBreakingChanges, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { compareSchemas } from './compare.ts';
import { announcedRules, graphqlRules } from './rules.ts';
import { readSchema } from './schema.ts';

const today = '2026-11-22';
const compare = (old: string, next: string, options = {}) =>
  compareSchemas(readSchema(old).schema, readSchema(next).schema, { today, ...options });
const rules = (old: string, next: string, options = {}) =>
  compare(old, next, options).map(({ rule, level }) => `${level} ${rule}`);

/** A schema and the same one after a change that breaks, and the rule that says so. */
const breaks: [rule: string, old: string, next: string][] = [
  [
    'field-removed',
    'type Query { a: Int b: U } type U { c: Int d: Int }',
    'type Query { a: Int b: U } type U { c: Int }',
  ],
  ['field-argument-removed', 'type Query { a(x: Int): Int }', 'type Query { a: Int }'],
  ['field-argument-added', 'type Query { a: Int }', 'type Query { a(x: Int!): Int }'],
  ['field-argument-type-changed', 'type Query { a(x: Int): Int }', 'type Query { a(x: Int!): Int }'],
  ['field-argument-type-changed', 'type Query { a(x: [Int]): Int }', 'type Query { a(x: Int): Int }'],
  [
    'field-type-changed',
    'type Query { a: A } type A { x: Int }',
    'type Query { a: Int z: A } type A { x: Int }',
  ],
  [
    'input-field-added',
    'type Query { a(i: I): Int } input I { x: Int }',
    'type Query { a(i: I): Int } input I { x: Int y: Int! }',
  ],
  [
    'input-field-removed',
    'type Query { a(i: [J!]!): Int } input J { i: I! } input I { x: Int y: Int }',
    'type Query { a(i: [J!]!): Int } input J { i: I! } input I { y: Int }',
  ],
  [
    'input-field-type-changed',
    'type Query { a(i: I): Int } input I { x: Int }',
    'type Query { a(i: I): Int } input I { x: Int! }',
  ],
  [
    'enum-value-removed',
    'type Query { a(e: E): Int } enum E { A B }',
    'type Query { a(e: E): Int } enum E { A }',
  ],
  [
    'union-member-removed',
    'type Query { u: U b: B } union U = A | B type A { x: Int } type B { x: Int }',
    'type Query { u: U b: B } union U = A type A { x: Int } type B { x: Int }',
  ],
  [
    'object-type-interface-removed',
    'type Query { i: I a: A } interface I { x: Int } type A implements I { x: Int } type B implements I { x: Int }',
    'type Query { i: I a: A } interface I { x: Int } type A { x: Int } type B implements I { x: Int }',
  ],
  ['schema-mutation-type-changed', 'type Query { a: Int } type Mutation { b: Int }', 'type Query { a: Int }'],
  ['directive-removed', 'directive @d on FIELD type Query { a: Int }', 'type Query { a: Int }'],
  [
    'directive-location-removed',
    'directive @d on FIELD | QUERY type Query { a: Int }',
    'directive @d on FIELD type Query { a: Int }',
  ],
  [
    'directive-repeatable-removed',
    'directive @d repeatable on FIELD type Query { a: Int }',
    'directive @d on FIELD type Query { a: Int }',
  ],
  [
    'directive-argument-added',
    'directive @d on FIELD type Query { a: Int }',
    'directive @d(x: Int!) on FIELD type Query { a: Int }',
  ],
  [
    'directive-argument-removed',
    'directive @d(x: Int) on FIELD type Query { a: Int }',
    'directive @d on FIELD type Query { a: Int }',
  ],
  [
    'directive-argument-type-changed',
    'directive @d(x: Int) on FIELD type Query { a: Int }',
    'directive @d(x: Int!) on FIELD type Query { a: Int }',
  ],
  ['type-kind-changed', 'type Query { a: A } type A { x: Int }', 'type Query { a: A } scalar A'],
  ['type-kind-changed', 'type Query { a: A } scalar A', 'type Query { a: A } type A { x: Int }'],
  [
    'type-removed',
    'type Query { u: U } union U = A | B type A { x: Int } type B { x: Int }',
    'type Query { u: U } union U = A type A { x: Int }',
  ],
  [
    'directive-usage-input-object-added',
    'type Query { a(i: I): Int } input I { x: Int y: Int }',
    'type Query { a(i: I): Int } input I @oneOf { x: Int y: Int }',
  ],
];

describe('what breaks', () => {
  it.each(breaks)('%s: %s | %s', (rule, old, next) => {
    const change = compare(old, next).find((one) => one.rule === rule);
    expect(change).toMatchObject({ level: 'breaking', example: { acceptedBy: 'old', refusedBy: 'new' } });
    const operation = parse(String(change?.example?.document));
    expect(validate(readSchema(old).schema, operation)).toEqual([]);
    expect(validate(readSchema(next).schema, operation)).not.toEqual([]);
  });

  it('says why there is no operation when all stay valid, or none comes there', () => {
    const [change] = compare('type Query { a: String! }', 'type Query { a: String }');
    expect(change).toMatchObject({ rule: 'field-type-changed', level: 'breaking' });
    expect(change?.example).toBeUndefined();
    expect(change?.message).toContain('No operation was found');
    const [alone] = compare(
      'type Query { a: Int } type X { y: Int z: Int }',
      'type Query { a: Int } type X { y: Int }',
    );
    expect(alone?.message).toContain('No operation was found');
  });

  it('takes an operation that shows this change, past another that breaks too', () => {
    const old = 'type Query { gone: U kept: V } type U { x: Int y: Int } type V { u: U }';
    const next = 'type Query { kept: V } type V { u: U } type U { y: Int }';
    const found = compare(old, next).find(({ place }) => place.kind === 'type' && place.type === 'U');
    expect(found?.example?.document).toBe('query { kept { u { x } } }');
  });
});

describe('what does not', () => {
  it.each([
    ['info field-added', 'type Query { a: Int }', 'type Query { a: Int b: Int }'],
    ['info field-type-changed', 'type Query { a: Int }', 'type Query { a: Int! }'],
    ['warning field-argument-added', 'type Query { a: Int }', 'type Query { a(x: Int): Int }'],
    ['warning enum-value-added', 'type Query { a: E } enum E { A }', 'type Query { a: E } enum E { A B }'],
    ['info field-deprecation-added', 'type Query { a: Int }', 'type Query { a: Int @deprecated }'],
    [
      'info field-deprecation-reason-changed',
      'type Query { a: Int @deprecated(reason: "x") }',
      'type Query { a: Int @deprecated(reason: "y") }',
    ],
  ])('%s: %s | %s', (expected, old, next) => {
    expect(rules(old, next)).toEqual([expected]);
  });

  it('tells a new type once, with all that it has', () => {
    const next =
      'type Query { a: Int n: N } "a type" type N @x { "a field" b(c: Int): Int d: E } enum E { A } directive @x(a: Int) on OBJECT';
    expect(rules('type Query { a: Int }', next)).toEqual([
      'info directive-added',
      'info type-added',
      'info type-added',
      'info field-added',
    ]);
  });
});

describe('a removal that was announced', () => {
  const old = (reason: string) => `type Query { a: Int b: Int @deprecated(reason: "${reason}") }`;
  const usage = (field: string) => ({
    from: '2026-10-22T00:00:00Z',
    to: '2026-11-22T00:00:00Z',
    sampled: 1,
    consumers: [
      {
        consumer: 'shop',
        version: '1.0.0',
        lastSeen: '2026-11-21T00:00:00Z',
        endpoints: [],
        types: [{ type: 'Query', field, operations: 1, requests: 10 }],
      },
    ],
  });

  it.each([
    ['warning field-removed-as-announced', 'use a. Removal 2026-11-22', undefined],
    ['warning field-removed-as-announced', 'removed on 2026-01-31', usage('a')],
    ['breaking field-removed', 'removed on 2026-01-31', usage('b')],
    ['breaking field-removed', 'removal 2026-11-23', undefined],
    ['breaking field-removed', 'removal 2026-02-30', undefined],
    ['breaking field-removed', 'since 2020-01-01', undefined],
    ['breaking field-removed', 'use a', undefined],
  ])('%s: %s', (expected, reason, used) => {
    expect(rules(old(reason), 'type Query { a: Int }', { usage: used })).toEqual([expected]);
  });

  it('holds for values, inputs and arguments too', () => {
    const gone = '@deprecated(reason: "removal 2026-01-01")';
    const whole = `type Query { a(x: Int ${gone}, i: I): E } enum E { A B ${gone} } input I { x: Int y: Int ${gone} }`;
    const left = 'type Query { a(i: I): E } enum E { A } input I { x: Int }';
    expect(rules(whole, left).sort()).toEqual(
      Object.keys(announcedRules)
        .filter((rule) => rule !== 'field-removed-as-announced')
        .map((rule) => `warning ${rule}`)
        .sort(),
    );
  });

  it('is named when its day has not come', () => {
    const [change] = compare(old('removal 2027-01-31'), 'type Query { a: Int }');
    expect(change?.message).toContain('2027-01-31');
  });
});

describe('the rules', () => {
  it('take every level that they say and no other', () => {
    for (const [, old, next] of breaks) {
      for (const { rule, level } of compare(old, next)) {
        const levels: readonly string[] = graphqlRules[rule as keyof typeof graphqlRules].levels;
        expect(levels, rule).toContain(level);
      }
    }
  });
});

/** Schemas of a few names, so that two of them differ in parts. */
const schemas = (() => {
  const scalar = fc.constantFrom('Int', 'String', 'ID');
  const wrapped = (type: fc.Arbitrary<string>) =>
    fc.tuple(type, fc.constantFrom('', '!', '[]', '[!]', '[]!')).map(([name, how]) => {
      if (how.startsWith('['))
        return `[${name}${how.includes('!]') ? '!' : ''}]${how.endsWith(']!') ? '!' : ''}`;
      return name + how;
    });
  const input = fc.constantFrom('Int', 'String', 'E', 'I');
  const argument = fc
    .tuple(fc.constantFrom('x', 'y'), wrapped(input))
    .map(([name, type]) => `${name}: ${type}`);
  const once = (all: string[]) => [...new Map(all.map((one) => [one.split(/[(: ]/)[0], one])).values()];
  const field = fc
    .tuple(
      fc.constantFrom('a', 'b', 'c'),
      fc.array(argument, { maxLength: 2 }),
      wrapped(fc.oneof(scalar, fc.constantFrom('A', 'B', 'U', 'E'))),
    )
    .map(([name, given, type]) => `${name}${given.length > 0 ? `(${once(given).join(', ')})` : ''}: ${type}`);
  const fields = fc.array(field, { minLength: 1, maxLength: 3 }).map((all) => once(all).join(' '));
  const inputs = fc
    .array(
      fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.constantFrom('Int', 'Int!', 'E', 'Int! = 1', '[I!]')),
      { minLength: 1 },
    )
    .map((all) => once(all.map(([name, type]) => `${name}: ${type}`)).join(' '));
  const some = (names: string[]) => fc.subarray(names, { minLength: 1 });
  const directive = fc.record({
    there: fc.boolean(),
    repeatable: fc.boolean(),
    given: fc.array(argument, { maxLength: 2 }),
    at: some(['FIELD', 'QUERY', 'OBJECT']),
  });
  return fc
    .record({
      query: fields,
      a: fields,
      b: fields,
      implementing: fc.boolean(),
      e: some(['P', 'Q']),
      u: some(['A', 'B']),
      i: inputs,
      directive,
    })
    .map(({ query, a, b, implementing, e, u, i, directive: d }) =>
      [
        `type Query { ${query} always(i: I, e: E): U other: B }`,
        `interface N { id: ID }`,
        `type A ${implementing ? 'implements N ' : ''}{ id: ID ${a} }`,
        `type B { ${b} }`,
        `enum E { ${e.join(' ')} }`,
        `union U = ${u.join(' | ')}`,
        `input I { ${i} }`,
        d.there
          ? `directive @d${d.given.length > 0 ? `(${once(d.given).join(', ')})` : ''}${d.repeatable ? ' repeatable' : ''} on ${d.at.join(' | ')}`
          : '',
      ].join('\n'),
    );
})();

/** How graphql names what lies at a pointer: `Query.a(x:)`, `@d(x:)`. */
function coordinateOf(pointer: string): RegExp {
  const [type = '', field, argument] = pointer.slice(1).split('/');
  const directive = type.startsWith('@');
  const named = [type, directive || field === undefined ? '' : `.${field}`].join('');
  const given = directive ? field : argument;
  const whole = given === undefined ? named : `${named}(${given}:)`;
  return new RegExp(`(^|\\s)${whole.replaceAll(/[.()]/g, '\\$&')}(\\s|\\.?$)`);
}

describe('properties', () => {
  it('whatever graphql reports as breaking, we report as breaking', () => {
    fc.assert(
      fc.property(schemas, schemas, (old, next) => {
        const ours = compare(old, next).filter(({ level }) => level === 'breaking');
        const theirs = findBreakingChanges(readSchema(old).schema, readSchema(next).schema).filter(
          // A scalar of the language that nothing refers to any more is no change of what may be asked.
          ({ description }) => !description.startsWith('Standard scalar'),
        );
        for (const { description } of theirs) {
          const said = ours.some(({ pointer }) => description.match(coordinateOf(pointer)));
          expect(said, `${description}\n${old}\n---\n${next}`).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('an example is taken by the old schema and refused by the new one, whatever they are', () => {
    fc.assert(
      fc.property(schemas, schemas, (old, next) => {
        for (const { example } of compare(old, next)) {
          if (!example) continue;
          const operation = parse(String(example.document));
          expect(validate(readSchema(old).schema, operation)).toEqual([]);
          expect(validate(readSchema(next).schema, operation)[0]?.message).toBe(example.reason);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('a schema against itself has no changes', () => {
    fc.assert(
      fc.property(schemas, (sdl) => {
        expect(compare(sdl, sdl)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
