import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SchemaComparison, type Subject } from './compare.ts';
import type { JsonSchema } from './document.ts';
import { Nodes } from './nodes.ts';
import { Subset } from './subset.ts';
import { compile, type SchemaSide } from './validator.ts';

const side = (schema: JsonSchema): SchemaSide => ({
  dialect: '2020-12',
  root: { schema, pointer: '/schema', shared: {}, sharedPointer: '/definitions' },
});

/** What documents of `a` may be and those of `b` may not. */
function differences(a: JsonSchema, b: JsonSchema) {
  const [one, other] = [new Nodes('2020-12'), new Nodes('2020-12')];
  const [x, y] = [side(a), side(b)];
  const at = (nodes: Nodes, { root }: SchemaSide) =>
    nodes.of([{ schema: root.schema, pointer: '/schema', root }]);
  return new Subset(one, other).begin(at(one, x), at(other, y));
}

const compareSchemas = (old: SchemaSide, next: SchemaSide, subject: Subject) =>
  new SchemaComparison(old.dialect, next.dialect).compare(old, next, subject);

const small = fc.integer({ min: 0, max: 3 });
const name = fc.constantFrom('a', 'b', 'x-c');
const scalar = fc.constantFrom<unknown>(
  null,
  true,
  false,
  0,
  1,
  2,
  2.5,
  -1,
  '',
  'a',
  'ab',
  'b1',
  '2026-01-31',
);
const optional = (shape: Record<string, fc.Arbitrary<unknown>>) => fc.record(shape, { requiredKeys: [] });

const { schema } = fc.letrec<{ schema: JsonSchema; plain: JsonSchema; list: JsonSchema[] }>((tie) => ({
  list: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
  plain: fc.oneof(
    {
      arbitrary: fc.constantFrom<JsonSchema>(true, {}, { type: 'string' }, { type: ['null', 'integer'] }),
      weight: 3,
    },
    fc.constant<JsonSchema>(false),
    optional({
      type: fc.constantFrom('integer', 'number'),
      minimum: small,
      exclusiveMaximum: small,
      multipleOf: fc.constantFrom(1, 0.5, 2),
    }),
    optional({
      type: fc.constant('string'),
      minLength: small,
      maxLength: small,
      pattern: fc.constantFrom('^a', '[0-9]', '^[a-z]{1,2}$'),
      format: fc.constant('date'),
    }),
    fc.record({ enum: fc.array(scalar, { minLength: 1, maxLength: 3 }) }),
    fc.record({ const: scalar }),
  ),
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('plain'),
    optional({
      type: fc.constantFrom('object', ['object', 'null']),
      properties: fc.dictionary(name, tie('schema'), { maxKeys: 3 }),
      required: fc.uniqueArray(name, { maxLength: 2 }),
      additionalProperties: tie('schema'),
      patternProperties: fc.dictionary(fc.constantFrom('^x-', 'a'), tie('schema'), { maxKeys: 1 }),
      minProperties: small,
      maxProperties: small,
      propertyNames: fc.constantFrom<JsonSchema>({ maxLength: 1 }, { enum: ['a', 'b'] }),
      dependentRequired: fc.constant({ a: ['b'] }),
    }),
    optional({
      type: fc.constant('array'),
      items: tie('schema'),
      prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
      minItems: small,
      maxItems: small,
      uniqueItems: fc.boolean(),
    }),
    fc.record({ allOf: tie('list') }),
    fc.record({ anyOf: tie('list'), type: fc.constantFrom('object', 'string') }, { requiredKeys: ['anyOf'] }),
    fc.record({ oneOf: tie('list') }),
    optional({ not: tie('plain'), type: fc.constantFrom('string', 'object') }),
  ),
}));

const document = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.dictionary(fc.constantFrom('a', 'b', 'x-c', 'd'), tie('any'), { maxKeys: 3, noNullPrototype: true }),
    fc.array(tie('any'), { maxLength: 3 }),
  ),
})).any;
const documents = fc.array(document, { minLength: 40, maxLength: 40 });

/** A schema and another like it: the same with one thing put in its place, or any other. */
const two = fc.tuple(schema, schema);
const to = (make: (a: JsonSchema, b: JsonSchema) => [JsonSchema, JsonSchema]) =>
  two.map(([a, b]) => make(a, b));
/** One keyword more, one less, or one that says something else. */
function edited(a: JsonSchema, b: JsonSchema, at: number): JsonSchema {
  const keys = typeof b === 'boolean' ? [] : Object.keys(b);
  const key = keys[at % Math.max(1, keys.length)];
  if (typeof a === 'boolean' || typeof b === 'boolean' || key === undefined) return b;
  return Object.hasOwn(a, key) && at % 2 === 0 ? { ...a, [key]: undefined } : { ...a, [key]: b[key] };
}
const pair = fc.oneof(
  two,
  fc
    .tuple(schema, schema, fc.nat())
    .map(([a, b, at]): [JsonSchema, JsonSchema] => [a, JSON.parse(JSON.stringify(edited(a, b, at)))]),
  to((a, b) => [{ allOf: [a, b] }, b]),
  to((a, b) => [a, { anyOf: [a, b] }]),
  to((a, b) => [a, { oneOf: [a, b] }]),
  to((a, b) => [{ anyOf: [a, b] }, { oneOf: [a, b] }]),
  to((a, b) => [
    { properties: { a, b }, required: ['a'] },
    { properties: { a, b: a }, required: ['b'] },
  ]),
  to((a, b) => [
    { patternProperties: { a }, additionalProperties: b },
    { patternProperties: { '^x-|a$': a }, additionalProperties: b },
  ]),
  to((a, b) => [
    { patternProperties: { '^x-': a, c: b }, additionalProperties: false },
    { patternProperties: { '^x-': a } },
  ]),
  to((a, b) => [
    { patternProperties: { '^x-': a }, additionalProperties: false },
    { patternProperties: { c$: b } },
  ]),
  to((a, b) => [{ items: a }, { items: { anyOf: [a, b] } }]),
);
const runs = { seed: 42, numRuns: 120 };

const subject = {
  direction: 'request',
  role: 'accepts',
  prefix: 'request',
  place: { kind: 'endpoint', endpoint: 'GET /' },
} as const;

describe('one schema within another', () => {
  it('holds for every document, as a validator sees it', () => {
    let fitting = 0;
    fc.assert(
      fc.property(pair, documents, ([a, b], all) => {
        if (differences(a, b).length > 0) return;
        fitting++;
        const [one, other] = [compile(side(a)), compile(side(b))];
        const wrong = all.find((value) => one?.(value) && !other?.(value));
        expect(wrong, 'a document that contradicts it').toBeUndefined();
      }),
      runs,
    );
    expect(fitting).toBeGreaterThan(30);
  });

  it('is contradicted by an example for every change that breaks, which a validator confirms', () => {
    let proved = 0;
    let unproved = 0;
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const [one, other] = [compile(side(a)), compile(side(b))];
        for (const change of compareSchemas(side(a), side(b), subject)) {
          if (change.level !== 'breaking') expect(change.example).toBeUndefined();
          else if (change.example) {
            proved++;
            expect([one?.(change.example.document), other?.(change.example.document)]).toEqual([true, false]);
          } else {
            unproved++;
            expect(change.message).toContain('No example document was found');
          }
        }
      }),
      runs,
    );
    expect(proved).toBeGreaterThan(unproved);
  });

  it('is told of the whole and its parts, however many there are between', () => {
    fc.assert(
      fc.property(schema, schema, schema, (a, b, c) => {
        expect(differences({ allOf: [a, b, c] }, { allOf: [b, a] })).toEqual([]);
        expect(differences({ allOf: [a, b, c] }, a)).toEqual([]);
        expect(differences(a, { anyOf: [b, a] })).toEqual([]);
        expect(differences(a, { anyOf: [c, { anyOf: [b, a] }] })).toEqual([]);
      }),
      runs,
    );
  });

  it('is the other one when it says the same in other words', () => {
    const turned = (one: JsonSchema): JsonSchema =>
      typeof one === 'boolean' ? one : Object.fromEntries(Object.entries(one).reverse());
    fc.assert(
      fc.property(schema, (one) => {
        const same: JsonSchema[] = [
          turned(one),
          { allOf: [one] },
          { allOf: [one, turned(one)] },
          { anyOf: [one, one] },
          { oneOf: [one, false] },
          { $ref: '#/$defs/one', $defs: { one } },
          { $ref: '#/$defs/two', $defs: { one, two: { $ref: '#/$defs/one', description: 'x' } } },
        ];
        for (const other of same) {
          expect(compareSchemas(side(one), side(other), subject)).toEqual([]);
          expect(compareSchemas(side(other), side(one), subject)).toEqual([]);
        }
      }),
      { ...runs, numRuns: 40 },
    );
  });
});
