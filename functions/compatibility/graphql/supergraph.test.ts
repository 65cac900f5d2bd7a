import { describe, expect, it } from 'vitest';
import { composeSupergraph } from './supergraph.ts';

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable", "@inaccessible"])';
const users = `${link} type Query { me: User } type User @key(fields: "id") { id: ID! name: String secret: Int @inaccessible }`;
const orders = `${link} type Query { orders: [Order] } type Order { id: ID! by: User } type User @key(fields: "id", resolvable: false) { id: ID! }`;
const compose = (...sdl: string[]) =>
  composeSupergraph(sdl.map((one, at) => ({ name: `graph-${at}`, url: `http://${at}`, sdl: one })));
const problemsOf = (...sdl: string[]) => {
  try {
    compose(...sdl);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('a supergraph', () => {
  it('has what all subgraphs have; clients see what is not hidden', () => {
    const { supergraphSdl, publicSdl, schema } = compose(users, orders);
    expect(schema.getQueryType()?.getFields()).toMatchObject({ me: {}, orders: {} });
    expect(supergraphSdl).toContain('join__graph(name: "graph-1", url: "http://1")');
    expect(publicSdl).not.toContain('secret');
    expect(publicSdl).not.toContain('@key');
  });

  it('is the same text, however the subgraphs are ordered', () => {
    const [a, b] = [
      { name: 'users', sdl: users },
      { name: 'orders', sdl: orders },
    ];
    expect(composeSupergraph([a, b]).supergraphSdl).toBe(composeSupergraph([b, a]).supergraphSdl);
  });

  it('keeps deprecations with their reasons', () => {
    const { schema } = compose(
      `${link} type Query { a: Int b: Int @deprecated(reason: "removal 2027-01-31") }`,
    );
    expect(schema.getQueryType()?.getFields().b?.deprecationReason).toBe('removal 2027-01-31');
  });

  it.each([
    ['a type that is not there', ['type Query { a: Foo }'], '/graph-0', 'Unknown type Foo'],
    [
      'a field of two types',
      ['type Query { a: Int }', 'type Query { a: String }'],
      '/graph-0',
      'FIELD_TYPE_MISMATCH',
    ],
    ['a field of two subgraphs that is not shared', [users, users], '/graph-0', 'INVALID_FIELD_SHARING'],
    ['a key that is no field', [users.replace('"id"', '"nr"')], '/graph-0', 'KEY_INVALID_FIELDS'],
    ['no query', ['type A { a: Int }'], '', 'NO_QUERIES'],
    ['text that does not parse', [users, 'type Query {'], '/graph-1', 'Line 1, column 13'],
    ['a name of prototypes', ['type Query { __proto__: Int }'], '/graph-0', 'must not begin with "__"'],
  ])('with %s is refused, and says of which subgraph', (_, sdl, pointer, detail) => {
    expect(problemsOf(...sdl)).toMatchObject({
      name: 'InvalidInput',
      problems: expect.arrayContaining([{ pointer, detail: expect.stringContaining(detail) }]),
    });
  });

  it('may have types and fields called like what every object has', () => {
    const sdl = 'type Query { constructor: toString hasOwnProperty: Int } type toString { valueOf: Int }';
    expect(compose(sdl).schema.getType('toString')).toBeDefined();
  });
});
