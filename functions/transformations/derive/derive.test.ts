import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '#compatibility/json-schema/document.ts';
import { checkRoundTrip } from '../round-trip/check.ts';
import { type EndpointSchemas, surfaceOfSchemas } from '../surface/surface.ts';
import { deriveChanges } from './derive.ts';
import { likeness } from './names.ts';

const ORDERS = 'POST /orders';
const text: JsonSchema = { type: 'string' };
const number: JsonSchema = { type: 'number' };
const closed = (properties: Record<string, JsonSchema>, required: string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const surfaces = (older: EndpointSchemas, newer: EndpointSchemas) =>
  ({ older: surfaceOfSchemas({ [ORDERS]: older }), newer: surfaceOfSchemas({ [ORDERS]: newer }) }) as const;

/** What is derived for a resource that is sent and answered, which then stands the round trip. */
async function derived(older: JsonSchema, newer: JsonSchema) {
  const both = surfaces({ request: older, response: older }, { request: newer, response: newer });
  const found = deriveChanges(both.older, both.newer);
  const { failures } = await checkRoundTrip(found.changes, both, {
    seed: 5,
    runs: 40,
    now: () => 0,
    limit: 60_000,
  });
  return {
    ...found,
    failures,
    operations: found.changes.map(({ request, response }) => (request ?? response)?.[0]),
    sure: found.derived.map(({ sure }) => sure),
  };
}

const cases: [name: string, older: JsonSchema, newer: JsonSchema, operations: object[], sure: string[]][] = [
  [
    'a field that says what it was called',
    closed({ total: number }, ['total']),
    closed({ amount: { type: 'number', 'x-renamed-from': 'total' } }, ['amount']),
    [{ op: 'rename', at: '/total', to: 'amount' }],
    ['certain'],
  ],
  [
    'a field whose name is written otherwise, in every item',
    closed({ lines: { type: 'array', items: closed({ unit_price: number }) } }),
    closed({ lines: { type: 'array', items: closed({ unitPrice: number }) } }),
    [{ op: 'rename', at: '/lines/*/unit_price', to: 'unitPrice' }],
    ['certain'],
  ],
  [
    'a field with a name that is alike',
    closed({ phone: text, age: number }),
    closed({ phoneNumber: text, age: number }),
    [{ op: 'rename', at: '/phone', to: 'phoneNumber' }],
    ['likely'],
  ],
  [
    'a field that is renamed and of another type inside',
    closed({ customer: closed({ id: number }) }),
    closed({ buyer: { ...(closed({ id: text }) as object), 'x-renamed-from': 'customer' } }),
    [
      { op: 'convert', at: '/customer/id', from: 'number', to: 'string' },
      { op: 'rename', at: '/customer', to: 'buyer' },
    ],
    ['likely', 'certain'],
  ],
  [
    'fields that moved into an object',
    closed({ id: text, street: text, city: number }),
    closed({ id: text, address: closed({ street: text, city: number }) }),
    [
      { op: 'move', from: '/street', to: '/address/street' },
      { op: 'move', from: '/city', to: '/address/city' },
    ],
    ['likely', 'likely'],
  ],
  [
    'a field that moved out of an object',
    closed({ meta: closed({ size: number, kind: text }, ['kind']) }, ['meta']),
    closed({ meta: closed({ kind: text }, ['kind']), size: number }, ['meta']),
    [{ op: 'move', from: '/meta/size', to: '/size' }],
    ['likely'],
  ],
  [
    'a new field with a default',
    closed({ id: text }),
    closed({ id: text, currency: { enum: ['EUR', 'USD'], default: 'EUR' } }, ['currency']),
    [{ op: 'add', at: '/currency', value: 'EUR' }],
    ['certain'],
  ],
  [
    'a value that became a list',
    closed({ tag: text }),
    closed({ tag: { type: 'array', items: text } }),
    [{ op: 'wrap', at: '/tag', as: 'array' }],
    ['certain'],
  ],
  [
    'a value that became an object',
    closed({ price: number }),
    closed({
      price: closed({ value: number, currency: { const: 'EUR', type: 'string' } }, ['value', 'currency']),
    }),
    [{ op: 'wrap', at: '/price', as: 'object', property: 'value', with: { currency: 'EUR' } }],
    ['likely'],
  ],
  [
    'an object that became its value',
    closed({ price: closed({ value: number }, ['value']) }),
    closed({ price: number }),
    [{ op: 'unwrap', at: '/price', from: 'object', property: 'value' }],
    ['likely'],
  ],
  [
    'values of an enumeration that are written otherwise',
    closed({ state: { enum: ['in_progress', 'done'] } }),
    closed({ state: { enum: ['IN-PROGRESS', 'DONE'] } }),
    [
      {
        op: 'map',
        at: '/state',
        values: [
          ['in_progress', 'IN-PROGRESS'],
          ['done', 'DONE'],
        ],
      },
    ],
    ['certain'],
  ],
  [
    'one value of an enumeration in the place of another',
    closed({ state: { enum: ['a', 'open', 'b'] } }),
    closed({ state: { enum: ['a', 'active', 'b'] } }),
    [{ op: 'map', at: '/state', values: [['open', 'active']] }],
    ['guess'],
  ],
  [
    'a number that became a text',
    closed({ id: { type: 'integer' } }),
    closed({ id: text }),
    [{ op: 'convert', at: '/id', from: 'number', to: 'string' }],
    ['likely'],
  ],
  [
    'schemas that say the same by other words',
    { allOf: [closed({ a: text })], description: 'one' },
    { $ref: '#/definitions/a', definitions: { a: closed({ a: { description: 'x', type: 'string' } }) } },
    [],
    [],
  ],
];

describe('changes derived from two descriptions', () => {
  it.each(cases)('%s', async (name, older, newer, operations, sure) => {
    const found = await derived(older, newer);
    expect(found.operations).toMatchObject(operations);
    expect(found.sure).toEqual(sure);
    expect(found.open).toEqual([]);
    // A text that is no number cannot be told from one by its schema: the way down is for a person to decide.
    if (!name.startsWith('a number') && !name.includes('another type')) expect(found.failures).toEqual([]);
    else expect(found.failures).toMatchObject([{ list: 'response', fault: 'fails' }]);
  });

  it('fills what may be null or absent no more, each way', async () => {
    const older = closed({ a: { type: ['string', 'null'] }, b: text, c: { type: 'string', default: 'x' } }, [
      'c',
    ]);
    const newer = closed({ a: text, b: { type: ['string', 'null'] }, c: text, d: number });
    const { changes, failures, open } = await derived(older, newer);
    expect(changes.map(({ request, response }) => [request?.[0], response?.[0]])).toMatchObject([
      [undefined, { op: 'fill', at: '/b', going: 'down', found: 'null' }],
      [undefined, { op: 'fill', at: '/c', going: 'down', found: 'absent', value: 'x' }],
      [undefined, { op: 'add', at: '/d' }],
      [{ op: 'fill', at: '/a', going: 'up', found: 'null' }, undefined],
    ]);
    expect([failures, open]).toEqual([[], []]);
  });

  it('says what a person has to complete', async () => {
    const older = closed({ fax: { type: 'boolean' }, kind: { enum: ['x', 'y'] }, note: text, id: text }, [
      'fax',
    ]);
    const newer = closed(
      { kind: { enum: ['p', 'q', 'r'] }, note: { type: 'string', maxLength: 5 }, level: number },
      ['level'],
    );
    const { open, changes } = await derived(older, newer);
    const told = open.map(
      ({ list, pointer, reason }) => `${list} ${pointer} ${reason.split(' ').slice(0, 5).join(' ')}`,
    );
    expect(told).toEqual([
      'request /kind the newer version does not',
      'request /note the newer version refuses some',
      'request /level the newer version needs it,',
      'response /kind the older version does not',
      'response /fax older readers need it, the',
    ]);
    expect(changes.map(({ id }) => id)).toEqual(['add-level', 'remove-fax', 'remove-id']);
  });

  it('is about parameters and headers too, and one change for all endpoints that have it', () => {
    const parameters = (limit: string) => ({ query: { type: 'object', properties: { [limit]: text } } });
    const older = surfaceOfSchemas({ 'GET /a': parameters('page_size'), 'GET /b': parameters('page_size') });
    const newer = surfaceOfSchemas({ 'GET /a': parameters('pageSize'), 'GET /b': parameters('pageSize') });
    expect(deriveChanges(older, newer)).toMatchObject({
      changes: [
        {
          id: 'rename-page-size',
          endpoints: ['GET /a', 'GET /b'],
          request: [{ op: 'rename', in: 'query', at: '/page_size', to: 'pageSize' }],
        },
      ],
      open: [],
    });
    expect(deriveChanges(older, new Map()).open).toHaveLength(2);
  });

  it('ends with schemas that lead back to themselves, and with names of prototypes', async () => {
    const tree = (name: string): JsonSchema => ({
      $ref: '#/definitions/node',
      definitions: {
        node: {
          type: 'object',
          properties: {
            [name]: text,
            ['__proto__']: number,
            children: { type: 'array', items: { $ref: '#/definitions/node' } },
          },
        },
      },
    });
    const { open, operations } = await derived(tree('node_name'), tree('nodeName'));
    expect(operations).toContainEqual({ op: 'rename', in: 'body', at: '/node_name', to: 'nodeName' });
    expect(open.some(({ reason }) => reason.includes('leads back'))).toBe(true);
  });
});

it('names are alike by what they say and not by how they are written', () => {
  expect(likeness('orderId', 'order_id')).toBe(1);
  expect(likeness('phone', 'phoneNumber')).toBe(0.75);
  expect(likeness('total', 'amount')).toBeLessThan(0.3);
});
