import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../failure.ts';
import { checkFiles, deriveFiles } from './transformation-files.ts';

const examples = join(import.meta.dirname, '../../examples/apis/transformations');
const example = (name: string) => join(examples, name);
const [older, newer] = [example('orders-1.yaml'), example('orders-2.yaml')];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'theseus-transformation-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  process.exitCode = undefined;
});

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** What is printed, and the exit code. */
async function printed(run: () => Promise<void>) {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  process.exitCode = undefined;
  try {
    await run();
  } finally {
    spy.mockRestore();
  }
  return { text: written.join(''), code: process.exitCode ?? 0 };
}

const check = (changes: string, more: object = {}) =>
  printed(() => checkFiles(older, newer, changes, { runs: 20, seed: 1, ...more }));
const below = (text: string) => text.slice(text.indexOf('\n'));

describe('theseus api transformation', () => {
  it('derives the changes of the example, as the file says', async () => {
    const { text } = await printed(() => deriveFiles(older, newer, {}));
    expect(below(text)).toBe(below(readFileSync(example('changes.yaml'), 'utf8')));
    const { text: json } = await printed(() => deriveFiles(older, newer, { json: true }));
    expect(JSON.parse(json)).toMatchObject({ open: [{ pointer: '/fax' }], derived: expect.any(Array) });
    const output = join(folder, 'changes.yaml');
    expect((await printed(() => deriveFiles(older, newer, { output }))).text).toMatch(
      /changes were derived and 1 places/,
    );
    expect(readFileSync(output, 'utf8')).toBe(text);
  });

  it('finds no fault with them, and the document that shows one where there is one', async () => {
    const { text, code } = await check(example('changes.yaml'));
    expect(text).toMatch(/^\d+ documents of the seed 1: without a fault\.\n$/);
    expect(code).toBe(0);
    const wrong = readFileSync(example('changes.yaml'), 'utf8').replace('value: EUR', 'value: 5');
    const found = await check(file('wrong.yaml', wrong));
    expect(found.code).toBe(1);
    expect(found.text).toMatch(
      /not-valid POST \/orders request, change add-currency\n.*\/currency must be string/,
    );
    const { text: json } = await check(file('wrong.yaml', wrong), { json: true });
    expect(JSON.parse(json)).toMatchObject({ failures: [{ fault: 'not-valid', pointer: '/currency' }] });
  });

  it('takes JSON Schemas by themselves', async () => {
    const schema = (type: string, name: string) =>
      JSON.stringify({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: { [name]: { type } },
        additionalProperties: false,
      });
    const [one, other] = [
      file('1.json', schema('string', 'first_name')),
      file('2.json', schema('string', 'firstName')),
    ];
    const output = join(folder, 'changes.yaml');
    await printed(() => deriveFiles(one, other, { output }));
    const { text } = await printed(() => checkFiles(one, other, output, { runs: 20, seed: 1 }));
    expect(text).toBe('80 documents of the seed 1: without a fault.\n');
  });

  it('refuses what it cannot read with all that is wrong, and code 2', async () => {
    const refusal = (run: () => Promise<unknown>): Promise<Failure> =>
      run().then(
        () => expect.unreachable(),
        (error: unknown) => {
          if (error instanceof Failure) return error;
          throw error;
        },
      );
    const broken = '- {id: one, description: "", endpoints: all, request: [{op: rename, at: a, to: b}]}';
    const changes = file('broken.yaml', broken);
    expect(await refusal(() => check(changes))).toMatchObject({
      code: 2,
      details: [expect.stringContaining('/0/request/0/at')],
    });
    expect(await refusal(() => check(join(folder, 'none.yaml')))).toMatchObject({ code: 2 });
    const graphql = file('a.graphql', 'type Query { a: String }');
    expect(await refusal(() => deriveFiles(graphql, graphql, {}))).toMatchObject({
      code: 2,
      message: 'Expected OpenAPI or a JSON Schema, found graphql',
    });
  });
});
