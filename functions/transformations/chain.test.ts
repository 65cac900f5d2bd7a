import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changesBetween, compileChain } from './chain.ts';
import { VersionChange } from './schemas.ts';

const now = () => 0;
const ORDERS = 'POST /orders';

const change = (id: string, rest: object): VersionChange =>
  VersionChange.parse({ id, description: '', endpoints: 'all', ...rest });

const renamed = (id: string, at: string, to: string) =>
  change(id, {
    request: [{ op: 'rename', at, to }],
    response: [{ op: 'rename', at, to }],
    errors: [{ op: 'status', from: 400, to: 422 }],
  });

const versions = [
  { version: '1.0.0', changes: [renamed('one', '/a', 'b')] },
  { version: '2.0.0', changes: [renamed('two', '/b', 'c'), renamed('three', '/c', 'd')] },
  { version: '3.0.0', changes: [] },
];

describe('chains', () => {
  it('lead from an older version to a newer one, and not the other way round', () => {
    const ids = (older: string, newer: string) => changesBetween(versions, older, newer).map(({ id }) => id);
    expect(ids('1.0.0', '3.0.0')).toEqual(['one', 'two', 'three']);
    expect(ids('2.0.0', '2.0.0')).toEqual([]);
    expect(() => ids('3.0.0', '1.0.0')).toThrow(/in order/);
    expect(() => ids('9', '3.0.0')).toThrow('Expected one of the versions 1.0.0, 2.0.0, 3.0.0, found 9');
  });

  it('do to a document what their parts do one after the other', async () => {
    const [first, second, whole] = await Promise.all(
      [
        ['1.0.0', '2.0.0'],
        ['2.0.0', '3.0.0'],
        ['1.0.0', '3.0.0'],
      ].map(([from = '', to = '']) => compileChain(changesBetween(versions, from, to), { now })),
    );
    const request = (body: unknown) => ({ query: {}, headers: {}, body });
    const answer = (status: number, body: unknown) => ({ status, headers: {}, body });
    const bodies = fc.dictionary(fc.constantFrom('a', 'x', '__proto__'), fc.jsonValue());
    fc.assert(
      fc.property(bodies, fc.constantFrom(200, 400, 422, 500), (body, status) => {
        const halfway = first?.request(ORDERS, request(body)) ?? request(null);
        expect(whole?.request(ORDERS, request(body))).toStrictEqual(second?.request(ORDERS, halfway));
        const newest = answer(status, body);
        const back = second?.response(ORDERS, newest) ?? newest;
        expect(whole?.response(ORDERS, newest)).toStrictEqual(first?.response(ORDERS, back));
      }),
    );
  });

  it('touch only the endpoints that a change names, and share what they do not touch', async () => {
    const chain = await compileChain(
      [change('one', { endpoints: [ORDERS], request: [{ op: 'rename', at: '/a', to: 'b' }] })],
      { now },
    );
    const items = [{ sku: 1 }];
    const document = { query: {}, headers: {}, body: { a: 1, items } };
    expect(chain.request('GET /orders', document)).toBe(document);
    expect(chain.request(ORDERS, document).body).toHaveProperty('items', items);
    expect(chain.touches(ORDERS)).toEqual({ request: true, response: false, errors: false });
    expect(chain.touches('GET /orders')).toEqual({ request: false, response: false, errors: false });
  });

  it('change queries, headers and the status of errors', async () => {
    const chain = await compileChain(
      [
        change('one', {
          request: [
            { op: 'rename', in: 'query', at: '/page', to: 'cursor' },
            { op: 'add', in: 'query', at: '/limit', value: '20' },
            { op: 'rename', in: 'headers', at: '/x-tenant', to: 'x-account' },
          ],
          response: [{ op: 'rename', in: 'headers', at: '/x-total', to: 'x-count' }],
          errors: [
            { op: 'status', from: 400, to: 422 },
            { op: 'rename', at: '/message', to: 'detail' },
          ],
        }),
      ],
      { now },
    );
    const sent = { query: { page: '2' }, headers: { 'x-tenant': 't' }, body: undefined };
    expect(chain.request(ORDERS, sent)).toEqual({
      query: { cursor: '2', limit: '20' },
      headers: { 'x-account': 't' },
      body: undefined,
    });
    const refused = { status: 422, headers: {}, body: { detail: 'no' } };
    expect(chain.response(ORDERS, refused)).toEqual({ status: 400, headers: {}, body: { message: 'no' } });
    const found = { status: 200, headers: { 'x-count': '3' }, body: { detail: 'kept' } };
    expect(chain.response(ORDERS, found)).toEqual({
      status: 200,
      headers: { 'x-total': '3' },
      body: { detail: 'kept' },
    });
  });

  it('refuse what cannot stand in a list', () => {
    const refuse = (rest: object) =>
      VersionChange.safeParse({ id: 'one', description: '', endpoints: 'all', ...rest }).error?.message;
    expect(refuse({ request: [{ op: 'status', from: 400, to: 422 }] })).toMatch(/no status/);
    expect(refuse({ request: [{ op: 'jsonata', down: '$' }] })).toMatch(/expression up/);
    expect(refuse({ response: [{ op: 'add', in: 'query', at: '/a' }] })).toMatch(/no query/);
    expect(refuse({ request: [{ op: 'wrap', at: '/a', as: 'object' }] })).toMatch(/property/);
    expect(refuse({ id: 'Not one!' })).toMatch(/small letters/);
  });
});
