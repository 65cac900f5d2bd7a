import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileChain } from '../chain.ts';
import { isFields } from '../edits.ts';
import { TransformationFailed } from '../errors.ts';
import { Operation, type VersionChange } from '../schemas.ts';

const now = () => 0;
const ENDPOINT = 'POST /orders';

/** A chain that has the same operations in both lists. */
async function both(...operations: Record<string, unknown>[]) {
  const parsed = operations.map((one) => Operation.parse(one));
  const change: VersionChange = {
    id: 'one',
    description: '',
    endpoints: 'all',
    request: parsed,
    response: parsed,
  };
  const chain = await compileChain([change], { now });
  return {
    up: (body: unknown) => chain.request(ENDPOINT, { query: {}, headers: {}, body }).body,
    down: (body: unknown) => chain.response(ENDPOINT, { status: 200, headers: {}, body }).body,
  };
}

/** What becomes of an older document, and that it comes back. */
const cases: [name: string, operation: Record<string, unknown>, older: unknown, newer: unknown][] = [
  ['rename', { op: 'rename', at: '/total', to: 'amount' }, { id: 1, total: 2 }, { id: 1, amount: 2 }],
  ['rename what is absent', { op: 'rename', at: '/total', to: 'amount' }, { id: 1 }, { id: 1 }],
  [
    'rename in every item',
    { op: 'rename', at: '/items/*/sku', to: 'code' },
    { items: [{ sku: 'a' }, {}, { sku: 'b' }] },
    { items: [{ code: 'a' }, {}, { code: 'b' }] },
  ],
  [
    'rename in every value of a map',
    { op: 'rename', at: '/byId/*/sku', to: 'code' },
    { byId: { 1: { sku: 'a' }, 2: { sku: 'b' } } },
    { byId: { 1: { code: 'a' }, 2: { code: 'b' } } },
  ],
  [
    'move out of an object',
    { op: 'move', from: '/address/street', to: '/street' },
    { address: { street: 's' } },
    { street: 's' },
  ],
  [
    'move into an object',
    { op: 'move', from: '/items/*/price', to: '/items/*/cost/net' },
    { items: [{ price: 1 }, { cost: { tax: 2 } }] },
    { items: [{ cost: { net: 1 } }, { cost: { tax: 2 } }] },
  ],
  ['add', { op: 'add', at: '/currency', value: 'EUR' }, { id: 1 }, { id: 1, currency: 'EUR' }],
  ['add where nothing is', { op: 'add', at: '/address/country', value: 'DE' }, { id: 1 }, { id: 1 }],
  [
    'map',
    {
      op: 'map',
      at: '/states/*',
      values: [
        ['open', 'ACTIVE'],
        ['done', 'CLOSED'],
      ],
    },
    { states: ['open', 'done', 'x', null] },
    { states: ['ACTIVE', 'CLOSED', 'x', null] },
  ],
  ['wrap in a list', { op: 'wrap', at: '/tag', as: 'array' }, { tag: 'a' }, { tag: ['a'] }],
  [
    'wrap in an object',
    { op: 'wrap', at: '/price', as: 'object', property: 'value', with: { currency: 'EUR' } },
    { price: 3 },
    { price: { currency: 'EUR', value: 3 } },
  ],
  ['wrap null', { op: 'wrap', at: '/tag', as: 'array' }, { tag: null }, { tag: null }],
  ['wrap the whole', { op: 'wrap', at: '', as: 'object', property: 'data' }, [1], { data: [1] }],
  ['unwrap a list', { op: 'unwrap', at: '/tags', from: 'array' }, { tags: ['a'] }, { tags: 'a' }],
  [
    'unwrap an object',
    { op: 'unwrap', at: '/p', from: 'object', property: 'value' },
    { p: { value: 0 } },
    { p: 0 },
  ],
  [
    'split into fields',
    { op: 'split', at: '/name', separator: ' ', into: ['first', 'last'] },
    { name: 'Ada King Lovelace' },
    { first: 'Ada', last: 'King Lovelace' },
  ],
  [
    'split one word',
    { op: 'split', at: '/name', separator: ' ', into: ['first', 'last'] },
    { name: 'Ada' },
    { first: 'Ada' },
  ],
  ['split into a list', { op: 'split', at: '/tags', separator: ',' }, { tags: 'a,b' }, { tags: ['a', 'b'] }],
  [
    'join',
    { op: 'join', at: '/name', from: ['first', 'last'], separator: ' ' },
    { first: 'Ada', last: 'Lovelace' },
    { name: 'Ada Lovelace' },
  ],
  ['convert numbers', { op: 'convert', at: '/n', from: 'number', to: 'string' }, { n: 1.5 }, { n: '1.5' }],
  ['convert texts', { op: 'convert', at: '/n', from: 'string', to: 'number' }, { n: '-12' }, { n: -12 }],
  ['convert booleans', { op: 'convert', at: '/n', from: 'boolean', to: 'number' }, { n: true }, { n: 1 }],
];

describe('operations', () => {
  it.each(cases)('%s, up and down', async (_, operation, older, newer) => {
    const { up, down } = await both(operation);
    const before = structuredClone(older);
    expect(up(older)).toStrictEqual(newer);
    expect(older).toStrictEqual(before);
    expect(down(newer)).toStrictEqual(older);
  });

  it('undoes what it did to whatever document there is', async () => {
    const operations = [
      { op: 'rename', at: '/a', to: 'renamed' },
      { op: 'rename', at: '/l/*/a', to: 'renamed' },
      { op: 'move', from: '/b', to: '/made/inside' },
      { op: 'add', at: '/added', value: [1] },
      {
        op: 'map',
        at: '/c',
        values: [
          ['x', 'y'],
          ['y', 'x'],
        ],
      },
      { op: 'wrap', at: '/d', as: 'object', property: 'value', with: { unit: 'm' } },
      { op: 'wrap', at: '/l', as: 'array' },
    ];
    const { up, down } = await both(...operations);
    const document = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__', 'constructor'),
      fc.oneof(fc.jsonValue(), fc.constantFrom('x', 'y')),
    );
    fc.assert(
      fc.property(document, fc.array(fc.dictionary(fc.constantFrom('a', 'b'), fc.jsonValue())), (one, l) => {
        // As documents come: parsed from text.
        const older: unknown = JSON.parse(JSON.stringify({ ...one, l }));
        expect(down(up(older))).toStrictEqual(older);
      }),
    );
  });

  it('gives what was lost', async () => {
    const gone = await both({ op: 'remove', at: '/fax', value: 'none' });
    expect(gone.up({ id: 1, fax: '5' })).toEqual({ id: 1 });
    expect(gone.down({ id: 1 })).toEqual({ id: 1, fax: 'none' });
    const merged = await both({
      op: 'map',
      at: '/s',
      values: [
        ['draft', 'open'],
        ['new', 'open'],
      ],
      down: [
        ['open', 'new'],
        ['refunded', 'closed'],
      ],
    });
    expect(merged.up({ s: 'draft' })).toEqual({ s: 'open' });
    expect(merged.down({ s: 'open' })).toEqual({ s: 'new' });
    expect(merged.down({ s: 'refunded' })).toEqual({ s: 'closed' });
    const listed = await both({ op: 'wrap', at: '/tag', as: 'array' });
    expect(listed.down({ tag: ['a', 'b'] })).toEqual({ tag: 'a' });
    expect(listed.down({ tag: [] })).toEqual({});
  });

  it('fills what may be absent or null no more', async () => {
    const up = await both({ op: 'fill', at: '/n', going: 'up', found: 'null', value: 0 });
    expect([up.up({ n: null }), up.up({}), up.down({ n: null })]).toEqual([{ n: 0 }, {}, { n: null }]);
    const down = await both({ op: 'fill', at: '/n', going: 'down', found: 'null' });
    expect([down.up({ n: null }), down.down({ n: null })]).toEqual([{ n: null }, {}]);
    const absent = await both({ op: 'fill', at: '/l/*/n', going: 'down', found: 'absent', value: 1 });
    expect(absent.down({ l: [{}, { n: 2 }] })).toEqual({ l: [{ n: 1 }, { n: 2 }] });
  });

  const misfits: [string, Record<string, unknown>, unknown, string, RegExp][] = [
    [
      'a list for an object',
      { op: 'rename', at: '/a/b', to: 'c' },
      { a: [] },
      '/a',
      /an object, found a list/,
    ],
    ['a text for a list', { op: 'rename', at: '/a/*/b', to: 'c' }, { a: 'x' }, '/a', /found a text/],
    [
      'a number among items',
      { op: 'rename', at: '/a/*/b', to: 'c' },
      { a: [{}, 4] },
      '/a/1',
      /found a number/,
    ],
    [
      'two of a name',
      { op: 'rename', at: '/a/b~1', to: 'c' },
      { a: { 'b/': 1, c: 2 } },
      '/a/c',
      /there already/,
    ],
    ['a place taken', { op: 'move', from: '/a', to: '/b/c' }, { a: 1, b: { c: 2 } }, '/b/c', /there already/],
    ['no number', { op: 'convert', at: '/n', from: 'string', to: 'number' }, { n: '12x' }, '/n', /"12x"/],
    [
      'a number too exact',
      { op: 'convert', at: '/n', from: 'string', to: 'number' },
      { n: '9007199254740993' },
      '/n',
      /cannot become a number/,
    ],
    ['a scalar at the root', { op: 'add', at: '/a', value: 1 }, 5, '', /expected an object, found a number/],
  ];
  it.each(misfits)('says where %s does not fit', async (_, operation, document, pointer, reason) => {
    const { up } = await both(operation);
    let failure: unknown;
    try {
      up(document);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(TransformationFailed);
    expect(failure).toMatchObject({
      change: 'one',
      pointer,
      way: 'up',
      message: expect.stringMatching(reason),
    });
  });

  it('takes any document whatever, or says that it does not fit, and changes none', async () => {
    const chains = await Promise.all(cases.map(([, operation]) => both(operation)));
    const names = [
      'total',
      'items',
      'sku',
      'address',
      'street',
      'tag',
      'name',
      'n',
      'states',
      'p',
      '__proto__',
    ];
    const { document } = fc.letrec((tie) => ({
      document: fc.oneof(
        { maxDepth: 4, depthIdentifier: 'document' },
        fc.constantFrom(null, 0, '', 'open', true),
        fc.dictionary(fc.constantFrom(...names), tie('document')),
        fc.array(tie('document'), { maxLength: 3 }),
      ),
    }));
    fc.assert(
      fc.property(document, fc.constantFrom(...chains), fc.boolean(), (made, { up, down }, upwards) => {
        const text = JSON.stringify(made);
        const given: unknown = JSON.parse(text);
        try {
          (upwards ? up : down)(given);
        } catch (error) {
          expect(error).toBeInstanceOf(TransformationFailed);
        }
        expect(JSON.stringify(given)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('passes what is deep or large through', async () => {
    const { up } = await both({ op: 'rename', at: '/items/*/sku', to: 'code' });
    const deep: unknown = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`);
    const items = Array.from({ length: 50_000 }, (_, at) => ({ sku: `sku-${at}`, note: 'x'.repeat(80) }));
    const after = up({ items, deep });
    // Told apart by itself: comparing it would go as deep.
    expect(isFields(after) && after.deep === deep).toBe(true);
    expect(after).toMatchObject({ items: { length: 50_000, 49999: { code: 'sku-49999' } } });
  });

  it('takes names of prototypes for names', async () => {
    const { up, down } = await both({ op: 'rename', at: '/__proto__', to: 'constructor' });
    const older: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "a": 2}');
    const newer = up(older);
    expect(JSON.stringify(newer)).toBe('{"constructor":{"polluted":1},"a":2}');
    expect(JSON.stringify(down(newer))).toBe(JSON.stringify(older));
    const absent = await both({ op: 'rename', at: '/toString', to: 'text' });
    expect(absent.up({ a: 1 })).toEqual({ a: 1 });
    expect('polluted' in {}).toBe(false);
  });
});

describe('what is refused when a change is read', () => {
  const refused: [string, Record<string, unknown>, RegExp][] = [
    ['no pointer', { op: 'rename', at: 'total', to: 'x' }, /RFC 6901/],
    ['the whole document has no name', { op: 'add', at: '' }, /name of a field/],
    ['items move to other items', { op: 'move', from: '/a/*/x', to: '/b/*/x' }, /every \*/],
    ['into itself', { op: 'move', from: '/a', to: '/a/b' }, /outside of the field/],
    [
      'values that merge',
      {
        op: 'map',
        at: '/s',
        values: [
          ['a', 'x'],
          ['b', 'x'],
        ],
      },
      /say in down/,
    ],
    ['unknown fields', { op: 'rename', at: '/a', to: 'b', loud: true }, /loud/],
  ];
  it.each(refused)('%s', (_, operation, reason) => {
    const { error } = Operation.safeParse(operation);
    expect(error?.message).toMatch(reason);
  });
});
