import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from './document.ts';
import { Interpreter, reads } from './interpreter.ts';
import { compile, formatAccepts } from './validator.ts';

const shared = {
  list: {
    type: 'object',
    properties: { next: { $ref: '#/definitions/list' }, value: { type: 'integer' } },
    additionalProperties: false,
  },
};
const side = (schema: JsonSchema) => ({
  dialect: '2020-12' as const,
  root: { schema, pointer: '', shared, sharedPointer: '/definitions' },
});
const valid = (schema: JsonSchema, document: unknown) =>
  new Interpreter(side(schema).root, formatAccepts).validate(document).length === 0;

// Not `__proto__`: ajv takes what every object inherits for a property that is there.
const name = fc.constantFrom('a', 'b', 'value', 'next');
const leaf = fc.oneof(
  fc.constantFrom(null, true, 0, 1, 1.5, -2, '', 'a', 'ab', '2026-01-31'),
  fc.integer({ min: -3, max: 3 }),
);
const around = (one: fc.Arbitrary<unknown>) =>
  fc.oneof(
    leaf,
    fc.array(one, { maxLength: 3 }),
    fc.dictionary(name, one, { maxKeys: 3, noNullPrototype: true }),
  );
const document = around(around(leaf));

type Keyword = fc.Arbitrary<[string, unknown]>;
const keyword = (key: string, value: fc.Arbitrary<unknown>): Keyword => value.map((one) => [key, one]);
const count = fc.nat(2);
const plain: Keyword[] = [
  keyword(
    'type',
    fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object', ['string', 'null']),
  ),
  keyword('enum', fc.uniqueArray(leaf, { minLength: 1, maxLength: 3 })),
  keyword('const', leaf),
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].map((key) =>
    keyword(key, fc.integer({ min: -2, max: 2 })),
  ),
  keyword('multipleOf', fc.constantFrom(1, 2, 0.5)),
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'].map((key) =>
    keyword(key, count),
  ),
  keyword('pattern', fc.constantFrom('^a', 'b$', '[0-9]')),
  keyword('format', fc.constantFrom('date', 'email')),
  keyword('uniqueItems', fc.boolean()),
  keyword('required', fc.uniqueArray(name, { maxLength: 2 })),
  keyword('dependentRequired', fc.constant({ a: ['b'] })),
  keyword('$ref', fc.constant('#/definitions/list')),
];
const nested = (one: fc.Arbitrary<JsonSchema>): Keyword[] => [
  ...['items', 'contains', 'additionalProperties', 'propertyNames', 'not', 'if', 'then', 'else'].map((key) =>
    keyword(key, one),
  ),
  ...['allOf', 'anyOf', 'oneOf', 'prefixItems'].map((key) =>
    keyword(key, fc.array(one, { minLength: 1, maxLength: 2 })),
  ),
  keyword('properties', fc.dictionary(name, one, { maxKeys: 2, noNullPrototype: true })),
  keyword(
    'patternProperties',
    fc.dictionary(fc.constantFrom('^a', 'e$'), one, { maxKeys: 2, noNullPrototype: true }),
  ),
  keyword(
    'dependentSchemas',
    one.map((a) => ({ a })),
  ),
];
const made = (keywords: Keyword[]): fc.Arbitrary<JsonSchema> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.boolean() },
    {
      weight: 9,
      arbitrary: fc
        .array(fc.oneof(...keywords), { minLength: 1, maxLength: 4 })
        .map((all) => Object.fromEntries(all)),
    },
  );
const inner = made(plain);
const schema = made([...plain, ...nested(made([...plain, ...nested(inner)]))]);

/** What ajv says; undefined where it cannot compile a schema, or trips over its own code. */
function answer(run: () => unknown): unknown {
  try {
    return run();
  } catch {
    return undefined;
  }
}

describe('the interpreter', () => {
  it('says of every document what ajv says', () => {
    fc.assert(
      fc.property(schema, fc.array(document, { minLength: 1, maxLength: 8 }), (one, documents) => {
        const compiled = compile(side(one));
        for (const value of documents) {
          const said = answer(() => compiled?.(value));
          if (said !== undefined) expect(valid(one, value), JSON.stringify([one, value])).toBe(said);
        }
      }),
      { numRuns: 300, seed: 20_261_122 },
    );
  });

  it('names the keyword, the place and what is wrong as ajv does', () => {
    const one = { properties: { a: { type: 'array', items: { enum: ['x'] } } }, required: ['b'] };
    const found = new Interpreter(side(one).root, formatAccepts).validate({ a: ['y'] });
    expect(found).toEqual([
      { keyword: 'required', instancePath: '', message: "must have required property 'b'" },
      { keyword: 'enum', instancePath: '/a/0', message: 'must be equal to one of the allowed values' },
    ]);
  });

  it('ends for schemas that have no end, and for references to nothing', () => {
    expect(() => valid({ $ref: '#' }, 1)).toThrow('leads back to itself');
    expect(() => valid({ allOf: [{ $ref: '#' }] }, 1)).toThrow('leads back to itself');
    expect(() => valid({ $ref: '#/definitions/none' }, 1)).toThrow('Nothing is at');
    expect(valid({ $ref: '#/definitions/list' }, { next: { next: { value: 1 } } })).toBe(true);
    expect(valid({ $ref: '#/definitions/list' }, { next: { next: { value: 'a' } } })).toBe(false);
  });

  it('is not for keywords that need to know what others have seen', () => {
    expect(reads('{"unevaluatedProperties":false}')).toBe(false);
    expect(reads('{"additionalProperties":false}')).toBe(true);
  });
});
