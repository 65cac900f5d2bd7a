import { describe, expect, it } from 'vitest';
import { ServiceContract } from './contract.ts';
import { limits } from './contracts/shape.ts';
import { dialects } from './json-schema/document.ts';

const endpoint = (more: object = {}) => ({ method: 'GET', path: '/orders/{id}', ...more });
const problems = (contract: unknown) =>
  (ServiceContract.safeParse(contract).error?.issues ?? []).map(
    ({ path, message }) => `/${path.map(String).join('/')}: ${message}`,
  );

describe('a contract', () => {
  it('is read with shared definitions, recursion and the older dialect', () => {
    const tree = { type: 'object', properties: { children: { items: { $ref: '#/definitions/tree' } } } };
    expect(
      problems({ endpoints: [endpoint({ output: { $ref: '#/definitions/tree' } })], definitions: { tree } }),
    ).toEqual([]);
    expect(problems({ endpoints: [endpoint({ output: { items: { $ref: '#' } } })] })).toEqual([]);
    const older = { $schema: dialects['draft-07'], items: [{ type: 'string' }], dependencies: { a: ['b'] } };
    expect(problems({ endpoints: [endpoint({ output: older })] })).toEqual([]);
  });

  it.each([
    ['no JSON Schema', { output: { type: 'strin' } }, '/endpoints/0/output/type: must be equal to one of'],
    [
      'a wrong limit deep inside',
      { input: { properties: { a: { minLength: -1 } } } },
      '/endpoints/0/input/properties/a/minLength: must be >= 0',
    ],
    [
      'a pattern that is none',
      { input: { pattern: '(' } },
      '/endpoints/0/input/pattern: Expected a regular expression',
    ],
    [
      'a reference to nothing',
      { input: { $ref: '#/$defs/x' } },
      '/endpoints/0/input/$ref: Expected a schema at #/$defs/x',
    ],
    [
      'a circle of references',
      { input: { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } } },
      'leads back to itself',
    ],
    ['a trailing slash', { path: '/orders/' }, '/endpoints/0/path: Expected a path such as /orders/{id}'],
    ['a status that is none', { errors: { ok: true } }, '/endpoints/0/errors/ok'],
    ['an unknown field', { outputs: true }, 'Unrecognized key'],
    [
      'another dialect',
      { output: { $schema: 'http://json-schema.org/draft-04/schema#' } },
      'Expected 2020-12',
    ],
  ])('with %s is refused with the place', (_, more, said) => {
    expect(problems({ endpoints: [endpoint(more)] }).join('\n')).toContain(said);
  });

  it('declares an endpoint once, whatever its parameters are called', () => {
    expect(problems({ endpoints: [endpoint(), endpoint({ path: '/orders/{order}' })] })).toEqual([
      '/endpoints/1: GET /orders/{} is declared twice',
    ]);
    expect(problems({ endpoints: [endpoint(), endpoint({ method: 'PUT' })] })).toEqual([]);
  });

  it('shares definitions by name only', () => {
    const contract = (definitions: object, output: object = {}) =>
      problems({ endpoints: [endpoint({ output })], definitions });
    expect(contract({ a: { $ref: '#/$defs/b' } })[0]).toContain(
      '/definitions/a/$ref: Expected #/definitions/<name>',
    );
    expect(contract({ a: true }, { definitions: { a: true } })[0]).toContain('rename one');
    expect(contract({ a: { type: 'x' } })[0]).toContain('/definitions/a/type: must be');
  });

  it('is refused when it is too deep or too large, without a crash', () => {
    let deep: object = {};
    for (let level = 0; level < 20_000; level++) deep = { not: deep };
    expect(problems({ endpoints: [endpoint({ input: deep })] })).toEqual([
      `/: Expected at most ${limits.depth} levels, found more`,
    ]);
    expect(problems({ endpoints: [endpoint({ input: { const: 'x'.repeat(limits.bytes) } })] })[0]).toContain(
      'bytes as JSON',
    );
  });

  it('refuses ranges that are none', () => {
    expect(problems({ endpoints: [], dependencies: { billing: 'latest please' } })[0]).toContain(
      '/dependencies/billing: Expected a range of versions',
    );
  });
});
