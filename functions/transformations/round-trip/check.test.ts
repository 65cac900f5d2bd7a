import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '#compatibility/json-schema/document.ts';
import { VersionChange } from '../schemas.ts';
import { type EndpointSchemas, surfaceOfSchemas } from '../surface/surface.ts';
import { checkRoundTrip } from './check.ts';

const ORDERS = 'POST /orders';
const closed = (properties: Record<string, JsonSchema>, required: string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const text = { type: 'string' };

const changes = (...all: object[]) =>
  all.map((one, at) => VersionChange.parse({ id: `c${at}`, description: '', endpoints: [ORDERS], ...one }));

// By the runs alone: how long the machine takes decides nothing here.
const check = (all: VersionChange[], older: EndpointSchemas, newer: EndpointSchemas, seed = 7) =>
  checkRoundTrip(
    all,
    { older: surfaceOfSchemas({ [ORDERS]: older }), newer: surfaceOfSchemas({ [ORDERS]: newer }) },
    { seed, runs: 60, now: () => 0, limit: 60_000 },
  );

const rename = { op: 'rename', at: '/total', to: 'amount' };
const older = closed(
  { total: { type: 'number' }, tag: text, lines: { type: 'array', items: closed({ sku: text }) } },
  ['total'],
);
const newer = closed(
  {
    amount: { type: 'number' },
    tags: { type: 'array', items: text },
    lines: { type: 'array', items: closed({ code: text }) },
    currency: { enum: ['EUR', 'USD'] },
  },
  ['amount', 'currency'],
);
const operations = [
  rename,
  { op: 'wrap', at: '/tag', as: 'array' },
  { op: 'rename', at: '/tag', to: 'tags' },
  { op: 'rename', at: '/lines/*/sku', to: 'code' },
  { op: 'add', at: '/currency', value: 'EUR' },
];

describe('the round trip of changes', () => {
  it('is without a fault where they are right', async () => {
    const all = changes({ request: operations, response: operations });
    const report = await check(all, { request: older, response: older }, { request: newer, response: newer });
    expect(report).toMatchObject({ failures: [], open: [] });
    expect(report.checked.map(({ list, documents }) => [list, documents])).toEqual([
      ['request', 60],
      ['request', 60],
      ['response', 60],
      ['response', 60],
    ]);
  });

  it('shows the smallest document that is not valid after them, and blames the change', async () => {
    const wrong = { op: 'add', at: '/currency', value: 'GBP' };
    const all = changes({ request: operations.slice(0, 4) }, { request: [wrong] });
    const { failures } = await check(all, { request: older }, { request: newer });
    expect(failures).toMatchObject([
      {
        endpoint: ORDERS,
        list: 'request',
        fault: 'not-valid',
        change: 'c1',
        pointer: '/currency',
        document: { body: { total: 0 } },
        result: { body: { amount: 0, currency: 'GBP' } },
      },
    ]);
    expect(Object.keys((failures[0]?.document.body ?? {}) as object)).toEqual(['total']);
  });

  it('finds what is lost and was not declared to be', async () => {
    const loud = closed({ state: { enum: ['new', 'open', 'done'] } }, ['state']);
    const quiet = closed({ state: { enum: ['OPEN', 'DONE'] } }, ['state']);
    const jsonata = {
      op: 'jsonata',
      at: '/state',
      up: '$ = "done" ? "DONE" : "OPEN"',
      down: '$ = "DONE" ? "done" : "open"',
    };
    const silent = await check(changes({ request: [jsonata] }), { request: loud }, { request: quiet });
    expect(silent.failures).toMatchObject([
      { fault: 'does-not-come-back', change: 'c0', pointer: '/state', document: { body: { state: 'new' } } },
    ]);
    const declared = changes({ request: [{ ...jsonata, loses: ['/state'] }] });
    expect((await check(declared, { request: loud }, { request: quiet })).failures).toEqual([]);
    // Declared by the later one in its own words: the field had another name before.
    const renamed = [
      { op: 'rename', at: '/status', to: 'state' },
      { ...jsonata, loses: ['/state'] },
    ];
    const before = closed({ status: { enum: ['new', 'open', 'done'] } }, ['status']);
    expect(
      (await check(changes({ request: renamed }), { request: before }, { request: quiet })).failures,
    ).toEqual([]);
  });

  it('misses the counterpart of an operation in the answer', async () => {
    const all = changes({ request: operations, response: operations.slice(0, 4) });
    const open = { ...(newer as object), additionalProperties: true } as JsonSchema;
    const loose = { ...(older as object), additionalProperties: true } as JsonSchema;
    const without = changes({ request: [rename], response: [] });
    const small = { request: closed({ total: text }), response: closed({ total: text }) };
    const other = { request: closed({ amount: text }), response: closed({ amount: text }) };
    const report = await check(without, small, other);
    expect(report.failures).toMatchObject([
      { list: 'request', fault: 'does-not-come-back', pointer: '/total', document: { body: { total: '' } } },
    ]);
    // What is added for an older request may be left in the answer where the older version is open.
    const lenient = await check(all, { request: loose, response: loose }, { request: open, response: open });
    expect(lenient.failures).toEqual([]);
  });

  it('says which change refuses a document', async () => {
    const all = changes({ response: [{ op: 'convert', at: '/n', from: 'number', to: 'string' }] });
    const report = await check(
      all,
      { response: closed({ n: { type: 'number' } }) },
      { response: closed({ n: text }) },
    );
    expect(report.failures).toMatchObject([
      { list: 'response', fault: 'fails', change: 'c0', pointer: '/n', document: { status: 200 } },
    ]);
  });

  it('is the same for the same seed', async () => {
    const all = changes({ request: [{ op: 'convert', at: '/tag', from: 'string', to: 'number' }] });
    const twice = await Promise.all([1, 2].map(() => check(all, { request: older }, { request: older }, 3)));
    expect(twice[0]).toEqual(twice[1]);
  });

  it('makes documents of schemas with references, alternatives, patterns, maps and names of prototypes', async () => {
    const tree: JsonSchema = {
      $ref: '#/definitions/node',
      definitions: {
        node: {
          allOf: [{ type: 'object', required: ['id'] }],
          properties: {
            id: { type: 'string', pattern: '^[a-z]{2}-[0-9]+$' },
            at: { type: 'string', format: 'date-time' },
            size: { type: 'integer', minimum: 3, maximum: 5 },
            step: { type: 'number', multipleOf: 0.5 },
            kind: { oneOf: [{ const: 'leaf' }, { type: 'array', items: { type: 'boolean' }, minItems: 1 }] },
            names: { type: 'object', additionalProperties: { type: 'string', minLength: 1 } },
            children: { type: 'array', items: { $ref: '#/definitions/node' }, uniqueItems: true },
            ['__proto__']: { type: 'boolean' },
          },
        },
      },
    };
    const all = changes({ request: [{ op: 'rename', at: '/id', to: 'key' }] });
    const report = await check(all, { request: tree }, { request: true });
    expect(report).toMatchObject({ failures: [], open: [], checked: [{ documents: 60 }] });
  });

  it('says what it could not check, and ends in time', async () => {
    const all = changes({ request: [rename] });
    const never = await check(all, { request: false }, { request: true });
    expect(never).toMatchObject({
      checked: [],
      open: [{ reason: expect.stringMatching(/no document was found/) }],
    });
    expect(await check(all, {}, {})).toMatchObject({
      open: [{ reason: expect.stringMatching(/nothing says/) }],
    });
    let moment = 0;
    const hurried = await checkRoundTrip(
      all,
      {
        older: surfaceOfSchemas({ [ORDERS]: { request: older } }),
        newer: surfaceOfSchemas({ [ORDERS]: {} }),
      },
      { seed: 1, now: () => (moment += 4_000) },
    );
    expect(hurried).toMatchObject({ checked: [], open: [{ reason: expect.stringMatching(/3000 ms/) }] });
  });
});
