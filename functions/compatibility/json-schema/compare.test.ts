import { describe, expect, it } from 'vitest';
import { SchemaComparison, type Subject } from './compare.ts';
import type { Dialect, JsonSchema } from './document.ts';
import { kinds } from './rules.ts';
import { compile, type SchemaSide } from './validator.ts';

const side = (
  schema: JsonSchema,
  dialect: Dialect = '2020-12',
  shared: Record<string, JsonSchema> = {},
): SchemaSide => ({
  dialect,
  root: { schema, pointer: '/schema', shared, sharedPointer: '/definitions' },
});
const compareSchemas = (old: SchemaSide, next: SchemaSide, subject: Subject) =>
  new SchemaComparison(old.dialect, next.dialect).compare(old, next, subject);
const place = { kind: 'endpoint', endpoint: 'POST /orders' } as const;
const request: Subject = { direction: 'request', role: 'accepts', prefix: 'request', place };
const response: Subject = { direction: 'response', role: 'promises', prefix: 'response', place };

const rules = (old: JsonSchema, next: JsonSchema, subject = request) =>
  compareSchemas(side(old), side(next), subject).map(({ rule, level }) => `${level} ${rule}`);
const [text, number] = [{ type: 'string' }, { type: 'number' }];
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });
const kindOf = (kind: string, more: object) =>
  object({ kind: { const: kind }, ...more }, { required: ['kind'] });

// An object with a property `then` is taken for a promise.
const conditional = (then: JsonSchema) =>
  Object.fromEntries([
    ['if', { minLength: 9_000 }],
    ['then', then],
  ]);

/** For each kind of difference a schema that allows more, and one that allows less. */
const pairs: [keyof typeof kinds, JsonSchema, JsonSchema][] = [
  ['type', { type: ['string', 'number'] }, text],
  ['type', number, { type: 'integer' }],
  ['null', { type: ['string', 'null'] }, text],
  ['enum-value', { enum: ['a', 'b'] }, { enum: ['a'] }],
  ['enum-value', { enum: ['a', 'abc'] }, { enum: ['a', 'abc'], maxLength: 2 }],
  ['enum', text, { enum: ['a'] }],
  ['enum', text, { const: 'a' }],
  ['enum-value', { type: 'boolean' }, { const: true }],
  ['minimum', { ...number, minimum: 1 }, { ...number, minimum: 2 }],
  ['minimum', { ...number, minimum: 1 }, { ...number, exclusiveMinimum: 1 }],
  ['maximum', { ...number, maximum: 2 }, { ...number, maximum: 1 }],
  ['maximum', number, { ...number, exclusiveMaximum: 1 }],
  ['multiple-of', { type: 'integer' }, { type: 'integer', multipleOf: 2 }],
  ['multiple-of', { type: 'integer', multipleOf: 2 }, { type: 'integer', multipleOf: 6 }],
  ['min-length', text, { ...text, minLength: 1 }],
  ['max-length', text, { ...text, maxLength: 3 }],
  ['pattern', text, { ...text, pattern: '^[A-Z]{3}-[0-9]+$' }],
  ['format', text, { ...text, format: 'date-time' }],
  ['min-items', { type: 'array' }, { type: 'array', minItems: 2 }],
  ['max-items', { type: 'array', items: text }, { type: 'array', items: text, maxItems: 2 }],
  ['max-items', { type: 'array' }, { type: 'array', prefixItems: [true], items: false }],
  ['unique-items', { type: 'array', items: text }, { type: 'array', items: text, uniqueItems: true }],
  ['min-properties', object({ a: text }), object({ a: text }, { minProperties: 1 })],
  ['max-properties', object({}), object({}, { maxProperties: 2 })],
  ['property-names', object({}), object({}, { propertyNames: { pattern: '^[a-z]+$' } })],
  ['required', object({ a: text }), object({ a: text }, { required: ['a'] })],
  ['required-undeclared', object({}), object({ a: text }, { required: ['a'] })],
  ['property-optional', object({}), object({ a: text })],
  ['property-optional', object({}), object({}, { patternProperties: { '^x-': text } })],
  [
    'property-refused',
    object({ a: text }, { additionalProperties: false }),
    object({}, { additionalProperties: false }),
  ],
  ['closed', object({ a: text }), object({ a: text }, { additionalProperties: false })],
  [
    'dependent',
    object({ a: text, b: text }),
    object({ a: text, b: text }, { dependentRequired: { a: ['b'] } }),
  ],
  [
    'alternative',
    { anyOf: ['a', 'b', 'c'].map((kind) => kindOf(kind, {})) },
    { anyOf: ['a', 'b'].map((kind) => kindOf(kind, {})) },
  ],
  ['not-compared', text, { ...text, not: { pattern: '^(?=z)zebra$' } }],
  ['refused', text, { ...text, not: { const: 'z' } }],
];

describe('the rules', () => {
  it.each(pairs)('%s: %j allows more than %j', (kind, wide, narrow) => {
    const { narrowed, widened } = kinds[kind];
    const levels = {
      'not-compared': ['warning', 'warning', 'warning', 'warning'],
      'property-optional': ['info', 'info', 'warning', 'warning'],
      'required-undeclared': ['breaking', 'info', 'warning', 'breaking'],
    };
    const [a, b, c, d] = Object.entries(levels).find(([one]) => one === kind)?.[1] ?? [
      'breaking',
      'info',
      'info',
      'breaking',
    ];
    // What nobody compares is a counterexample only where one was looked for: the way that would break.
    const harmless = (way: 'narrowed' | 'widened') =>
      (kind === 'refused' ? kinds['not-compared'][way] : kinds[kind][way]).rule;
    const soft = (level: string | undefined) => (kind === 'refused' ? 'warning' : level);
    expect(rules(wide, narrow, request)).toEqual([`${a} request-${narrowed.rule}`]);
    expect(rules(wide, narrow, response)).toEqual([`${soft(b)} response-${harmless('narrowed')}`]);
    expect(rules(narrow, wide, request)).toEqual([`${soft(c)} request-${harmless('widened')}`]);
    expect(rules(narrow, wide, response)).toEqual([`${d} response-${widened.rule}`]);
  });

  it('are all tried above', () => {
    expect(new Set(pairs.map(([kind]) => kind))).toEqual(new Set(Object.keys(kinds)));
  });

  it.each(pairs)('%s is shown by a document where it breaks: %j, %j', (kind, wide, narrow) => {
    for (const [old, next, subject] of [
      [wide, narrow, request],
      [narrow, wide, response],
    ] as const) {
      for (const { level, example } of compareSchemas(side(old), side(next), subject)) {
        if (level !== 'breaking') continue;
        expect(example, kind).toBeDefined();
        expect(compile(side(wide))?.(example?.document)).toBe(true);
        expect(compile(side(narrow))?.(example?.document)).toBe(false);
      }
    }
  });
});

describe('names and values', () => {
  it.each(['title', 'description', 'default', 'deprecated', 'example', '$comment', '__proto__'])(
    'of a property called %s are no annotation',
    (name) => {
      const [old, next] = [text, number].map((one) => ({
        type: 'object',
        properties: JSON.parse(`{"${name}": ${JSON.stringify(one)}}`),
      }));
      expect(rules(old ?? true, next ?? true)).toEqual(['breaking request-type-narrowed']);
      // Where it is not compared but by its words, too.
      expect(rules({ not: old }, { not: next }).length).toBeGreaterThan(0);
    },
  );

  it('in constants are what they are', () => {
    const [one, other] = [{ not: { const: { title: 1 } } }, { not: { const: { title: 2 } } }];
    expect(rules(one, other)).toContain('warning request-not-compared');
  });
});

describe('a shared definition', () => {
  const shared = (street: JsonSchema, more: Record<string, JsonSchema> = {}) => ({
    person: object({ address: { $ref: '#/definitions/address' }, friend: { $ref: '#/definitions/person' } }),
    address: object({ street }),
    ...more,
  });
  const whole = { $ref: '#/definitions/person' };
  const compared = (old: Record<string, JsonSchema>, next: Record<string, JsonSchema>) =>
    compareSchemas(side(whole, '2020-12', old), side(whole, '2020-12', next), request).map(
      ({ rule }) => rule,
    );

  it('that nothing leads to is not looked at, and one that something leads to is', () => {
    expect(compared(shared(text), shared(text, { other: number }))).toEqual([]);
    expect(new Set(compared(shared(text), shared(number)))).toEqual(new Set(['request-type-narrowed']));
  });

  it('of more than a text can hold is compared to its end', () => {
    const many = (last: JsonSchema) => ({
      person: object({
        ...Object.fromEntries(
          Array.from({ length: 3_000 }, (_, at) => [`a${at}`, { enum: ['x'.repeat(100)] }]),
        ),
        last: { $ref: '#/definitions/last' },
      }),
      last: { not: last },
    });
    expect(compared(many(text), many(text))).toEqual([]);
    expect(compared(many(text), many(number)).length).toBeGreaterThan(0);
  });
});

describe('no change', () => {
  const address = object({ street: text, zip: { type: 'string', maxLength: 5 } }, { required: ['street'] });
  it.each<[string, JsonSchema, JsonSchema]>([
    [
      'order and annotations',
      object({ a: text, b: number }),
      { title: 'T', ...object({ b: { ...number, description: 'd' }, a: text }) },
    ],
    [
      'a reference',
      object({ a: address }),
      { ...object({ a: { $ref: '#/$defs/address' } }), $defs: { address } },
    ],
    [
      'a pointer with escapes',
      object({ a: address }),
      { ...object({ a: { $ref: '#/$defs/x~1y%20z' } }), $defs: { 'x/y z': address } },
    ],
    [
      'allOf',
      address,
      {
        allOf: [
          object({ street: text }, { required: ['street'] }),
          object({ zip: { type: 'string', maxLength: 5 } }),
        ],
      },
    ],
    [
      'allOf around limits',
      { type: 'integer', minimum: 1, maximum: 5 },
      { allOf: [{ type: 'integer', minimum: 1 }, { maximum: 5 }, { minimum: 0 }] },
    ],
    ['anyOf as a list of types', { type: ['string', 'null'] }, { anyOf: [text, { type: 'null' }] }],
    ['anyOf as an enum', { enum: ['a', 'b'] }, { anyOf: [{ const: 'a' }, { const: 'b' }] }],
    ['oneOf of what excludes one another', { anyOf: [text, number] }, { oneOf: [text, number] }],
    [
      'oneOf by a discriminator',
      object({ kind: { enum: ['a', 'b'] }, x: text }, { required: ['kind'] }),
      { oneOf: [kindOf('a', { x: text }), kindOf('b', { x: text })] },
    ],
    ['an integer by its limits', { type: 'integer', exclusiveMinimum: 0 }, { type: 'integer', minimum: 1 }],
    ['an integer by its factor', { type: 'integer' }, { type: 'number', multipleOf: 1 }],
    [
      'recursion, once unrolled',
      object({ next: { $ref: '#' } }),
      object({ next: object({ next: { $ref: '#' } }) }),
    ],
    [
      'recursion through a definition',
      { $ref: '#/$defs/t', $defs: { t: object({ v: text, next: { $ref: '#/$defs/t' } }) } },
      object({ v: text, next: { $ref: '#' } }),
    ],
    ['two ways in which nothing can be', { allOf: [text, number] }, false],
    [
      'what cannot be in a property',
      object({ a: false, b: text }, { required: ['b'] }),
      { allOf: [object({ b: text }, { required: ['b'] }), object({ a: { allOf: [text, number] } })] },
    ],
  ])('%s', (_, one, other) => {
    expect(rules(one, other)).toEqual([]);
    expect(rules(other, one)).toEqual([]);
  });

  it('shared definitions in place of own ones, and draft-07 in place of 2020-12', () => {
    const shared = side({ $ref: '#/definitions/a' }, '2020-12', {
      a: { ...object({ list: { prefixItems: [text], items: number } }), dependentRequired: { list: ['b'] } },
    });
    const older = side(
      { ...object({ list: { items: [text], additionalItems: number } }), dependencies: { list: ['b'] } },
      'draft-07',
    );
    expect(compareSchemas(shared, older, request)).toEqual([]);
    expect(compareSchemas(older, shared, request)).toEqual([]);
  });
});

describe('a change', () => {
  const one = (old: JsonSchema, next: JsonSchema, subject = request) => {
    const changes = compareSchemas(side(old), side(next), subject);
    return changes.map(({ rule, pointer, place: at, example }) => [
      rule,
      pointer,
      at.kind === 'endpoint' ? at.field : undefined,
      example?.document,
    ]);
  };

  it('is told with its place, deep inside and behind references', () => {
    const list = (schema: object) => ({
      ...object({ items: { type: 'array', items: { $ref: '#/$defs/item' } } }),
      $defs: { item: schema },
    });
    expect(one(list(object({ price: number })), list(object({ price: text })))).toEqual([
      [
        'request-type-narrowed',
        '/schema/$defs/item/properties/price',
        '/items/*/price',
        { items: [{ price: 0 }] },
      ],
    ]);
  });

  it('is found inside oneOf and told of the form that changed', () => {
    const forms = (y: object) => ({ oneOf: [kindOf('a', { x: text }), kindOf('b', { y })] });
    expect(one(forms(text), forms(number))).toEqual([
      ['request-type-narrowed', '/schema/oneOf/1/properties/y', '/y', { kind: 'b', y: 'a' }],
    ]);
  });

  it('of a text that became a number is told once, the way it breaks', () => {
    expect(rules(text, number)).toEqual(['breaking request-type-narrowed']);
    expect(rules(text, number, response)).toEqual(['breaking response-type-widened']);
  });

  it('of values tells each that went and each that came', () => {
    expect(rules({ enum: ['a', 'b'] }, { enum: ['b', 'c'] })).toEqual([
      'breaking request-enum-value-removed',
      'info request-enum-value-added',
    ]);
  });

  it('to a closed object or an open one tells properties apart from what is not named', () => {
    const closed = { additionalProperties: false };
    expect(rules(object({ a: text }, closed), object({ a: text, b: text }, closed), response)).toEqual([
      'breaking response-property-allowed',
    ]);
    expect(rules(object({ a: text }), object({ a: text, b: text }), response)).toEqual([
      'info response-property-optional-added',
    ]);
    expect(
      rules(object({}, { additionalProperties: text }), object({}, { additionalProperties: number })),
    ).toEqual(['breaking request-type-narrowed']);
  });

  it.each<[string, JsonSchema, JsonSchema]>([
    ['not', { not: { pattern: '^(?=a)' } }, { not: { pattern: '^(?=b)' } }],
    ['if', conditional({ pattern: 'b' }), conditional({ pattern: 'c' })],
    ['a reference to another document', { $ref: 'https://example.com/a' }, { $ref: 'https://example.com/b' }],
    [
      'the target of a reference inside not',
      { not: { $ref: '#/$defs/a' }, $defs: { a: { pattern: '^(?=a)b' } } },
      { not: { $ref: '#/$defs/a' }, $defs: { a: { pattern: '^(?=a)c' } } },
    ],
    [
      'what stands beside unevaluatedProperties',
      { type: 'object', unevaluatedProperties: false, properties: { a: text } },
      { type: 'object', unevaluatedProperties: false, properties: { b: text } },
    ],
  ])('of %s is never silent', (_, old, next) => {
    expect(rules(old, next).filter((rule) => !rule.startsWith('info'))).not.toEqual([]);
  });

  it('of schemas beyond measure is told in time, and not as compatible', () => {
    const ways = (at: number) =>
      Array.from({ length: 12 }, (_, value) => object({ [`p${at}`]: { const: value } }));
    const many = Array.from({ length: 12 }, (_, at) => ({ anyOf: ways(at) }));
    expect(rules({ allOf: many }, { allOf: [...many, { required: ['z'] }] })).not.toEqual([]);
  });
});
