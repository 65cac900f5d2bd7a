import { describe, expect, it } from 'vitest';
import { compileChain } from '../chain.ts';
import { VersionChange } from '../schemas.ts';

const now = () => performance.now();
const change = (rest: object) =>
  VersionChange.parse({ id: 'one', description: '', endpoints: 'all', ...rest });

/** What becomes of the body of a request. */
async function up(operation: object) {
  const chain = await compileChain([change({ request: [operation] })], { now });
  return (body: unknown) => chain.request('POST /a', { query: {}, headers: {}, body }).body;
}

const jsonata = (source: string, rest: object = {}) => up({ op: 'jsonata', up: source, ...rest });
const typescript = (source: string) => up({ op: 'typescript', source });

describe('JSONata', () => {
  it('says what becomes of a document, or of a part of it', async () => {
    const whole = await jsonata('$merge([$, {"name": first & " " & last}])');
    const older = { first: 'Ada', last: 'Lovelace', tags: ['a'] };
    expect(whole(older)).toStrictEqual({ ...older, name: 'Ada Lovelace' });
    expect(older).toStrictEqual({ first: 'Ada', last: 'Lovelace', tags: ['a'] });
    const part = await jsonata('$uppercase($)', { at: '/items/*/sku' });
    expect(part({ items: [{ sku: 'a' }, {}] })).toStrictEqual({ items: [{ sku: 'A' }, {}] });
    expect(part({})).toStrictEqual({});
    expect(() => part({ items: [{ sku: 'a' }, {}, { sku: {} }, { sku: 'b' }] })).toThrow(
      /at \/items\/2\/sku: .*uppercase/,
    );
  });

  it.each([
    ['recursion without end', '($f := function(){ $f() }; $f())'],
    ['recursion that grows', '($f := function($n){ 1 + $f($n + 1) }; $f(0))'],
    ['an expression that tries everything', '$match("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", /^(a+)+$/)'],
    ['a list without end', '[1..9999999].[1..9999999]'],
    ['a long text', '$pad("", 1000000000)'],
    ['the same part in ever more places', '$reduce([1..40], function($a, $n){ {"l": $a, "r": $a} }, {})'],
    ['nothing at all', 'missing'],
    ['a function', 'function($x){ $x }'],
  ])('ends %s with a clear error', async (_, source) => {
    const run = await jsonata(source);
    expect(() => run({ a: 1 })).toThrow(
      /^The change one does not fit the document at its root: the (expression|result)/,
    );
    const after = await jsonata('a + 1');
    expect(after({ a: 1 })).toBe(2);
  });

  it.each([
    ['(', /does not parse/],
    ['$now()', /\$now is not available/],
    ['[$map(items, $random)]', /\$random is not available/],
    ['$eval("1")', /\$eval is not available/],
  ])('refuses %s', async (source, reason) => {
    await expect(jsonata(source)).rejects.toThrow(reason);
  });

  it('cannot reach prototypes', async () => {
    const run = await jsonata('{"a": __proto__, "b": constructor.name, "__proto__": {"polluted": true}}');
    const after = run({ x: 1 });
    expect(JSON.stringify(after)).not.toContain('Object');
    expect('polluted' in {}).toBe(false);
  });
});

describe('TypeScript', () => {
  it('gets the document and answers with one, again and again', async () => {
    const run = await typescript(
      'export function request(document) { document.body.n += 1; return document; }',
    );
    const older = { n: 1 };
    expect([run(older), run(older), run({ n: 5 })]).toEqual([{ n: 2 }, { n: 2 }, { n: 6 }]);
    expect(older).toEqual({ n: 1 });
  });

  it('runs the function of the list in which it stands', async () => {
    const source = `
      export const response = (document) => ({ ...document, status: 201 });
      export const error = (document) => ({ ...document, headers: { 'x-old': '1' } });`;
    const operation = { op: 'typescript', source };
    const chain = await compileChain([change({ response: [operation], errors: [operation] })], { now });
    const answer = { status: 200, headers: {}, body: [1] };
    expect(chain.response('GET /a', answer)).toEqual({ status: 201, headers: {}, body: [1] });
    const failed = { status: 404, headers: {}, body: undefined };
    expect(chain.response('GET /a', failed)).toEqual({
      status: 404,
      headers: { 'x-old': '1' },
      body: undefined,
    });
    chain.dispose();
    await expect(compileChain([change({ request: [operation] })], { now })).rejects.toThrow(
      /no function request/,
    );
  });

  const body = (statement: string) => `export function request(document) { ${statement} }`;

  it.each([
    ['a loop without end', body('for (;;) {}'), /took longer than 50 ms/],
    [
      'a loop that catches everything',
      body('for (;;) try { for (;;) {} } catch {}'),
      /took longer than 50 ms/,
    ],
    [
      'an expression that tries everything',
      body('/^(a+)+$/.test("a".repeat(40) + "b")'),
      /took longer than 50 ms/,
    ],
    ['a single step without end', body('[].indexOf.call({ length: 1e15 }, 1)'), /took longer than 1000 ms/],
    ['memory without end', body('return { body: "x".repeat(32000000) }'), /out of memory/],
    ['recursion without end', body('const f = () => f() + 1; f()'), /stack/i],
    ['an error of its own', body('throw new Error("no price")'), /the module failed: no price/],
    ['no document', body('return 5'), /has to return the document/],
    ['a promise', 'export async function request(document) { return document; }', /may not be async/],
    ['a status that is none', body('return { body: 1, query: 5 }'), /object of parameters/],
    ['the process', body('return { body: process.env }'), /process.*not defined/],
    ['the network', body('return { body: fetch("http://a") }'), /fetch.*not defined/],
    ['modules at a later time', body('return import("fs")'), /may not be async/],
    ['the time of day', body('return { body: Date.now() }'), /time of day/],
    ['chance', body('return { body: Math.random() }'), /not a function/],
    [
      'a way out by a constructor',
      body('return { body: request.constructor("return process")().pid }'),
      /not defined/,
    ],
  ])('ends %s with a clear error', async (_, source, reason) => {
    const run = await typescript(source);
    expect(() => run({ a: 1 })).toThrow(reason);
    // The next one finds an engine again, also after this one was ended in the midst of a step.
    const after = await typescript(body('return document'));
    expect(after({ a: 1 })).toEqual({ a: 1 });
  });

  it('is refused when it does not load', async () => {
    await expect(typescript('export function request( {')).rejects.toThrow(/cannot be loaded/);
    await expect(typescript('import fs from "node:fs"; export const request = (d) => d;')).rejects.toThrow(
      /cannot be loaded/,
    );
    await expect(typescript('for (;;) {}')).rejects.toThrow(/took longer than 50 ms/);
    await expect(typescript('await 1; export const request = (d) => d;')).rejects.toThrow(/cannot be loaded/);
  });

  it('takes documents that are large or deep as far as its memory goes', async () => {
    const run = await typescript(body('return document'));
    const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
    expect(run(deep(200))).toEqual(deep(200));
    expect(() => run('x'.repeat(5_000_000))).toThrow(/at most 4000000 characters/);
    expect(run({ a: 1 })).toEqual({ a: 1 });
  });

  it('keeps names of prototypes as names', async () => {
    const run = await typescript(body('return document'));
    const document: unknown = JSON.parse('{"__proto__": {"polluted": 1}}');
    expect(JSON.stringify(run(document))).toBe('{"__proto__":{"polluted":1}}');
    expect('polluted' in {}).toBe(false);
  });
});
