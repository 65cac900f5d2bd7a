import { expect, it } from 'vitest';
import { operationReader } from './operations.ts';

const sdl = `
  interface Node { id: ID! }
  type Order implements Node { id: ID! total: Int! state(of: Filter): State }
  enum State { OPEN CLOSED }
  input Filter { since: String deep: Filter }
  type Query { orders(filter: Filter): [Order!]! node: Node }
  type Mutation { pay: Order }
`;
const read = (body: unknown, parameters: Record<string, unknown> = {}) =>
  operationReader(sdl).of(body, parameters);
const fieldsOf = (body: unknown) => read(body).map(({ fields }) => fields && [...fields].sort());

it('asks for fields of types, also by interfaces, fragments and variables', () => {
  expect(fieldsOf({ query: '{ node { id } }' })).toEqual([
    ['Node.__typename', 'Node.id', 'Order.id', 'Query.node'],
  ]);
  const query = 'query All($f: Filter) { orders(filter: $f) { ...o } } fragment o on Order { total }';
  expect(fieldsOf({ query })[0]).toEqual(
    expect.arrayContaining(['Order.total', 'Query.orders', 'Filter.since', 'Filter.deep']),
  );
});

it('of several in a document is the one that the request names', () => {
  const query = 'query A { orders { id } } mutation B { pay { total } }';
  expect(read({ query, operationName: 'B' })).toMatchObject([
    { name: 'B', fields: new Set(['Mutation.pay', 'Order.total']) },
  ]);
  expect(read(undefined, { query, operationName: 'A' })).toMatchObject([{ name: 'A' }]);
  expect(read({ query, operationName: '__proto__' })[0]?.fields?.size).toBe(4);
});

it('is the same whatever values stand in it, and another when it asks for something else', () => {
  const hash = (query: string) => read({ query })[0]?.hash;
  expect(hash('{ orders(filter: { since: "a" }) { id } }')).toBe(
    hash('{ orders(filter: {since:"b"}) { id } }'),
  );
  expect(hash('{ orders { id } }')).not.toBe(hash('{ orders { id total } }'));
  expect(read({ query: '{ orders { id } }' })[0]?.name).toBe('query orders');
});

it('that cannot be read is one whose fields nobody knows', () => {
  const persisted = { extensions: { persistedQuery: { sha256Hash: 'a' } } };
  const deep = `{ ${'orders { '.repeat(5_000)}`;
  for (const body of [
    { query: '{' },
    { query: deep },
    { query: 'x'.repeat(200_000) },
    persisted,
    7,
    {},
    null,
  ])
    expect(fieldsOf(body)).toEqual([undefined]);
  expect(read([{ query: '{ orders { id } }' }, persisted]).length).toBe(2);
  expect(read(Array.from({ length: 1_000 }, () => persisted)).length).toBe(10);
});

it('has only a name where the schema is not known', () => {
  expect(operationReader(undefined).of({ query: 'query A { orders }' }, {})).toMatchObject([
    { name: 'A', fields: undefined },
  ]);
});
