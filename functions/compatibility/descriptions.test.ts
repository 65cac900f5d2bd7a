import { describe, expect, it } from 'vitest';
import { InvalidInput } from '#platform/errors.ts';
import { compareDescriptions, type Description, readDescription } from './descriptions.ts';

const document = (paths: object = {}) => ({
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  paths,
});
const read = (value: unknown, fileName?: string) => readDescription(JSON.stringify(value), { fileName });
const problemsOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems;
    throw error;
  }
  return [];
};
const endpointsOf = (api: Description) => (api.kind === 'openapi' ? [...api.endpoints.keys()] : []);
const operation = { responses: { 200: { description: 'ok' } } };

describe('a description', () => {
  it('is read from JSON and YAML, and its kind is told from it', () => {
    const { kind, title, format } = read(document());
    expect({ kind, title, format }).toEqual({ kind: 'openapi', title: 'Orders', format: '3.1.0' });
    const yaml =
      'openapi: 3.0.3\ninfo: {title: Orders, version: 1.0.0}\npaths:\n  /orders: {get: {responses: {}}}\n';
    expect(endpointsOf(readDescription(yaml))).toEqual(['GET /orders']);
  });

  it('of no known kind, or of none, is refused with what was found', () => {
    expect(() => readDescription('hello')).toThrow('found none: It is no object of JSON or YAML');
    expect(() => readDescription('{"a": 1}')).toThrow('nothing in it says which');
    expect(() => readDescription('{"openapi": ', { fileName: 'a.json' })).toThrow('a.json cannot be read');
    expect(() => readDescription('a: [1', { kind: 'openapi' })).toThrow('It is neither JSON nor YAML');
  });

  it('above the limits is refused: 20 MB, 200 levels', () => {
    expect(() => readDescription(`"${'a'.repeat(20_000_000)}"`)).toThrow('Expected at most 20000000 bytes');
    const deep = (levels: number, [open, close]: [string, string]) =>
      readDescription(
        `{"openapi": "3.1.0", "paths": {}, "x-deep": ${open.repeat(levels)}1${close.repeat(levels)}}`,
      );
    expect(() => deep(100, ['{"a":', '}'])).not.toThrow();
    expect(() => deep(201, ['{"a":', '}'])).toThrow('Expected at most 200 levels');
    expect(() => deep(300_000, ['[', ']'])).toThrow('Expected at most 200 levels');
    expect(() => readDescription(`a: ${'['.repeat(50_000)}`)).toThrow(InvalidInput);
  });

  it('in YAML with a bomb of aliases is refused', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let at = 1; at < 9; at++)
      lines.push(
        `a${at}: &a${at} [${Array(9)
          .fill(`*a${at - 1}`)
          .join(', ')}]`,
      );
    expect(() => readDescription(`openapi: 3.1.0\n${lines.join('\n')}`)).toThrow('Excessive alias count');
  });

  it('of two kinds is not compared', () => {
    const one = read(document());
    expect(() =>
      compareDescriptions(one, { ...one, kind: 'other' as never }, { today: '2026-11-22' }),
    ).toThrow('Expected two descriptions of one kind');
  });
});

describe('a GraphQL schema', () => {
  const schema = '"""Of orders""" schema { query: Query } type Query { a: Int b: Int @deprecated }';

  it('is told from its text, whatever its file is called, and never from YAML', () => {
    for (const text of [schema, '# a comment\n"a" type Query { a: Int }'])
      expect(readDescription(text).kind).toBe('graphql');
    expect(readDescription(schema).title).toBe('Of orders');
    expect(() => readDescription('type: object')).toThrow('of a known kind');
  });

  it.each([
    ['type Query {', 'Line 1, column 13'],
    ['type Query {\n  a: Foo }', 'Line 2, column 6: Unknown type "Foo"'],
    ['type A { a: Int }', 'Query root type must be provided'],
    ['type Query { __proto__: Int }', 'must not begin with "__"'],
    [`type Query { a: ${'['.repeat(100_000)} }`, 'Expected at most 100 levels'],
    [`type Query { a(x: Int = ${'{a:'.repeat(101)}): Int }`, 'Expected at most 100 levels'],
  ])('is refused with where it is wrong: %.40s', (text, detail) => {
    expect(problemsOf(() => readDescription(text, { kind: 'graphql' }))[0]?.detail).toContain(detail);
  });

  it('that lost what nobody asked for is compatible when usage says so', () => {
    const [old, next] = [readDescription(schema), readDescription('type Query { a: Int }')];
    const [today, lastSeen] = ['2026-11-22', '2026-11-20T00:00:00Z'];
    const types = [{ type: 'Query', field: 'a', operations: 1, requests: 5 }];
    const consumers = [{ consumer: 'shop', version: '1', lastSeen, endpoints: [], types }];
    const usage = { from: '2026-11-01T00:00:00Z', to: '2026-11-22T00:00:00Z', sampled: 1, consumers };
    expect(compareDescriptions(old, next, { today })).toMatchObject({ compatible: false, bump: 'major' });
    expect(compareDescriptions(old, next, { today, usage })).toMatchObject({
      compatible: true,
      bump: 'minor',
    });
  });
});

describe('an OpenAPI description', () => {
  it.each([
    ['2.0', { swagger: '2.0', paths: {} }, '/swagger', 'convert it to 3.0'],
    ['another version', { openapi: '4.0.0', paths: {} }, '/openapi', 'found "4.0.0"'],
    ['nothing in it', { openapi: '3.0.0' }, '/paths', 'Expected paths'],
    ['a path without a slash', document({ orders: {} }), '/paths/orders', 'begins with /'],
    [
      'no object as operation',
      document({ '/a': { get: 1 } }),
      '/paths/~1a/get',
      'Expected an object, found 1',
    ],
    [
      'a reference to nothing',
      document({ '/a': { get: { responses: { 200: { $ref: '#/components/responses/No' } } } } }),
      '/paths/~1a/get/responses/200/$ref',
      'found nothing there',
    ],
    [
      'a reference to another file',
      document({ '/a': { $ref: 'other.yaml#/a' } }),
      '/paths/~1a/$ref',
      'bundle its files',
    ],
    [
      'a parameter without a place',
      document({ '/a': { get: { ...operation, parameters: [{ name: 'b' }] } } }),
      '/paths/~1a/get/parameters/0',
      'in to be one of',
    ],
  ])('with %s is refused', (_, value, pointer, detail) => {
    const problems = problemsOf(() => read(value));
    expect(problems[0]?.pointer).toBe(pointer);
    expect(problems[0]?.detail).toContain(detail);
  });

  it('with responses that lead only to one another is refused, and does not hang', () => {
    const value = {
      ...document({ '/a': { get: { responses: { 200: { $ref: '#/components/responses/A' } } } } }),
      components: { responses: { A: { $ref: '#/components/responses/A' } } },
    };
    expect(problemsOf(() => read(value))[0]?.pointer).toBe('/paths/~1a/get/responses/200');
  });

  it('may have names of prototypes and of the specification itself as paths, properties and schemas', () => {
    const text = `{"openapi": "3.0.0", "paths": {"/__proto__": {"get": {"responses": {"200": {"description": "",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/__proto__"}}}}}}}},
      "components": {"schemas": {"__proto__": {"type": "object", "properties": {"constructor": {"type": "string"},
      "$ref": {"type": "string"}, "__proto__": {"$ref": "#/components/schemas/hasOwnProperty"}}},
      "hasOwnProperty": {"type": "object", "default": {"$ref": "#/nowhere"}}}}}`;
    const api = readDescription(text);
    expect(endpointsOf(api)).toEqual(['GET /__proto__']);
    expect(compareDescriptions(api, api, { today: '2026-11-22' }).changes).toEqual([]);
  });
});
