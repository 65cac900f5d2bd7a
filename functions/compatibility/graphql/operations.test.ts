import { buildSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { weighByUsage } from '../usage.ts';
import { compareSchemas } from './compare.ts';
import { brokenOperations, type RecordedOperation, readOperation, usageOfOperations } from './operations.ts';

const sdl = `
  type Query { user(id: ID!): User search(filter: Filter, kind: Kind): Hit node: Node }
  interface Node { id: ID! }
  type User implements Node { id: ID! name: String mail: String }
  type Shop implements Node { id: ID! name: String }
  union Hit = User | Shop
  input Filter { text: String inner: Filter kind: Kind = A }
  enum Kind { A B C }
  directive @hint(x: Int) on FIELD
`;
const schema = buildSchema(sdl);
const recorded = (client: string, document: string, requests = 10): RecordedOperation => ({
  client,
  document,
  requests,
  lastSeen: `2026-11-${client.length + 10}T00:00:00Z`,
});
const window = { from: '2026-10-22T00:00:00Z', to: '2026-11-22T00:00:00Z', version: '1.0.0' };
const used = (document: string) =>
  (usageOfOperations([recorded('shop', document)], schema, window).consumers[0]?.types ?? [])
    .map(({ type, field }) => `${type}.${field}`)
    .sort();

describe('the usage of operations', () => {
  it.each([
    ['{ user(id: 1) { name } }', ['Query.user', 'User.name']],
    ['{ u: user(id: 1) { n: name } }', ['Query.user', 'User.name']],
    ['{ node { id } }', ['Node.__typename', 'Node.id', 'Query.node', 'Shop.id', 'User.id']],
    [
      '{ search { ... on User { mail } } }',
      ['Hit.__typename', 'Query.search', 'User.__typename', 'User.mail'],
    ],
    [
      '{ search(filter: { inner: { kind: B } }, kind: A) { __typename } }',
      [
        ...['Filter.__typename', 'Filter.inner', 'Filter.kind'],
        ...['Hit.__typename', 'Kind.A', 'Kind.B', 'Query.search'],
      ],
    ],
    ['query ($f: [Kind!]) { user(id: 1) @include(if: true) { ...F } } fragment F on User { id }', []],
    [
      'query ($k: Kind) { search(kind: $k) { __typename } }',
      ['Hit.__typename', 'Kind.A', 'Kind.B', 'Kind.C', 'Kind.__typename', 'Query.search'],
    ],
    [
      'query ($f: Filter) { search(filter: $f) { __typename } }',
      [
        ...['Filter.__typename', 'Filter.inner', 'Filter.kind', 'Filter.text', 'Hit.__typename'],
        ...['Kind.A', 'Kind.B', 'Kind.C', 'Kind.__typename', 'Query.search', 'String.__typename'],
      ],
    ],
  ])('%s', (document, expected) => {
    expect(used(document)).toEqual(expected);
  });

  it('counts operations and requests for each client and keeps when it was last seen', () => {
    const usage = usageOfOperations(
      [
        recorded('app', '{ user(id: 1) { name } }', 5),
        { ...recorded('app', '{ user(id: 2) { name mail } }', 7), lastSeen: '2026-11-20T00:00:00Z' },
        recorded('jobs', '{ user(id: 1) { gone } }', 100),
      ],
      schema,
      window,
    );
    expect(usage.consumers).toHaveLength(1);
    expect(usage.consumers[0]).toMatchObject({
      consumer: 'app',
      version: '1.0.0',
      lastSeen: '2026-11-20T00:00:00Z',
    });
    expect(usage.consumers[0]?.types).toContainEqual({
      type: 'User',
      field: 'name',
      operations: 2,
      requests: 12,
    });
    expect(usage.consumers[0]?.types).toContainEqual({
      type: 'User',
      field: 'mail',
      operations: 1,
      requests: 7,
    });
  });

  const levelOf = (next: string, document: string) => {
    const usage = usageOfOperations([recorded('shop', document)], schema, window);
    const changes = compareSchemas(schema, buildSchema(next), { today: '2026-11-22' });
    return weighByUsage(changes, usage)
      .filter(({ level }) => level !== 'info')
      .map(({ rule, level, usedBy }) => [rule, level, usedBy?.join()].filter(Boolean).join(' '));
  };

  it.each([
    [
      'a field that nobody asked for',
      'mail: String',
      '',
      '{ user(id: 1) { name } }',
      ['field-removed warning'],
    ],
    [
      'a field that somebody asked for',
      'mail: String',
      '',
      '{ user(id: 1) { mail } }',
      ['field-removed breaking shop'],
    ],
    [
      'a value that nobody gave',
      ' C }',
      ' }',
      '{ search(kind: A) { __typename } }',
      ['enum-value-removed warning'],
    ],
    [
      'a value that a variable may bring',
      ' C }',
      ' }',
      'query ($k: Kind) { search(kind: $k) { __typename } }',
      ['enum-value-removed breaking shop'],
    ],
    [
      'a member, where the union is asked',
      ' | Shop',
      '',
      '{ search { __typename } }',
      ['union-member-removed breaking shop'],
    ],
    ['a member, where it is not', ' | Shop', '', '{ node { id } }', ['union-member-removed warning']],
    [
      'what an input has to have now, where somebody gives it',
      'text: String',
      'text: String now: Int!',
      '{ search(filter: {}) { __typename } }',
      ['input-field-added breaking shop'],
    ],
    [
      'what an input has to have now, where nobody does',
      'text: String',
      'text: String now: Int!',
      '{ search { __typename } }',
      ['input-field-added warning'],
    ],
    [
      'a directive, of which nobody counts the use',
      'directive @hint(x: Int) on FIELD',
      '',
      '{ node { id } }',
      ['directive-removed breaking'],
    ],
  ])('weighs %s', (_, gone, instead, document, expected) => {
    expect(levelOf(sdl.replace(gone, instead), document)).toEqual(expected);
  });
});

describe('operations that break', () => {
  const next = buildSchema(sdl.replace('mail: String', ''));

  it('are those that the old schema takes and the new one refuses, the most used first', () => {
    const found = brokenOperations(
      [
        recorded('app', 'query Mail { user(id: 1) { mail } }', 3),
        recorded('jobs', '{ user(id: 1) { mail } }', 9),
        recorded('old', '{ user(id: 1) { mail long } }', 100),
        recorded('app', '{ user(id: 1) { name } }', 50),
      ],
      schema,
      next,
    );
    expect(found.map(({ client, requests }) => [client, requests])).toEqual([
      ['jobs', 9],
      ['app', 3],
    ]);
    expect(found[1]).toMatchObject({ operation: 'Mail', error: expect.stringContaining('"mail"') });
    expect(found[0]?.operation).toMatch(/^[0-9a-f]{12}$/);
  });

  it.each([
    ['{ user(id: 1) {', 'Line 1, column 16'],
    ['{ user(id: 1) { nom } }', 'Cannot query field "nom"'],
    ['query A { node { id } } query B { node { id } }', 'found 2'],
    ['fragment F on User { id }', 'found 0'],
    ['{'.repeat(101), 'Expected at most 100 levels'],
    ['type Query { a: Int }', 'found 0'],
  ])('are not read from %.60s', (document, detail) => {
    expect(() => readOperation(document, schema)).toThrow(
      expect.objectContaining({
        problems: [expect.objectContaining({ detail: expect.stringContaining(detail) })],
      }),
    );
  });
});
