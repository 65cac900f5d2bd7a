import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../failure.ts';
import { type DiffAsked, diffFiles } from './diff-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'theseus-diff-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  process.exitCode = undefined;
});

const yaml = (type: string, more = '') => `openapi: 3.0.3
info: {title: Orders, version: 1.0.0}
paths:
  /orders/{id}:
    get:
      parameters:
        - {in: path, name: id, required: true, schema: {type: string}}
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema:
                type: object
                properties:
                  total:
                    type: ${type}${more}
`;
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** What is printed, and the exit code. */
async function diff(old: string, next: string, more: Partial<DiffAsked> = {}) {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  process.exitCode = undefined;
  try {
    await diffFiles(old, next, { format: 'text', failOn: 'breaking', ...more });
  } finally {
    spy.mockRestore();
  }
  return { text: written.join(''), code: process.exitCode ?? 0 };
}

const failure = (run: Promise<unknown>): Promise<Failure> =>
  run.then(
    () => expect.unreachable(),
    (error: unknown) => {
      if (error instanceof Failure) return error;
      throw error;
    },
  );

describe('theseus api diff', () => {
  it('ends with 1 for what breaks and 0 for what does not, or as it is asked', async () => {
    const [old, next] = [file('old.yaml', yaml('integer')), file('new.yaml', yaml('number'))];
    const found = await diff(old, next);
    expect(found.code).toBe(1);
    expect(found.text).toContain('breaking response-type-widened');
    expect(found.text).toContain('for example {"total":');
    expect((await diff(next, old)).code).toBe(0);
    expect((await diff(old, next, { failOn: 'never' })).code).toBe(0);
    expect((await diff(old, old)).text).toContain(
      'breaks nothing: 0 breaking, 0 warnings, 0 others; nothing changed.',
    );
  });

  it('tells SARIF where it is in the new file, and what is gone in the old one', async () => {
    const old = file('old.yaml', yaml('integer', '\n  /gone:\n    get: {responses: {}}'));
    const next = file('new.yaml', yaml('number'));
    const log = JSON.parse((await diff(old, next, { format: 'sarif' })).text);
    const results = log.runs[0].results.map((one: { ruleId: string; locations: Record<string, never>[] }) => [
      one.ruleId,
      one.locations[0]?.physicalLocation,
    ]);
    expect(log.version).toBe('2.1.0');
    expect(results).toEqual([
      [
        'api-path-removed-without-deprecation',
        {
          artifactLocation: { uri: expect.stringContaining('old.yaml') },
          region: { startLine: 19, startColumn: 5 },
        },
      ],
      [
        'response-type-widened',
        {
          artifactLocation: { uri: expect.stringContaining('new.yaml') },
          region: { startLine: 16, startColumn: 19 },
        },
      ],
    ]);
  });

  it('writes JSON and Markdown, to a file when it is asked', async () => {
    const [old, next] = [file('old.yaml', yaml('integer')), file('new.yaml', yaml('number'))];
    expect(JSON.parse((await diff(old, next, { json: true })).text)).toMatchObject({
      compatible: false,
      bump: 'major',
    });
    const output = join(folder, 'changes.md');
    expect((await diff(old, next, { format: 'markdown', output })).text).toBe('');
    expect(readFileSync(output, 'utf8')).toContain('# Orders: 1.0.0 → 1.0.0');
  });

  it('takes levels with a reason, and what consumers used', async () => {
    const [old, next] = [file('old.yaml', yaml('integer')), file('new.yaml', yaml('number'))];
    const levels = file(
      'levels.yaml',
      '- {rule: response-type-widened, level: info, reason: all clients read numbers}',
    );
    const eased = await diff(old, next, { levels });
    expect(eased.code).toBe(0);
    expect(eased.text).toContain('was breaking (override): all clients read numbers');
    const at = '2026-10-01T00:00:00Z';
    const usage = file('usage.json', JSON.stringify({ from: at, to: at, sampled: 1, consumers: [] }));
    expect((await diff(old, next, { usage })).text).toContain('was breaking (usage): Nobody used it');
    const unknown = file('unknown.yaml', '- {rule: response-typ-widened, level: info, reason: x}');
    const refused = await failure(diff(old, next, { levels: unknown }));
    expect([refused.code, refused.message]).toEqual([
      2,
      expect.stringContaining('the nearest is response-type-widened'),
    ]);
    const without = file('without.yaml', '- {rule: response-type-widened, level: info}');
    expect((await failure(diff(old, next, { levels: without }))).details[0]).toContain('/0/reason');
  });

  it('follows references to other files, and names the one that is missing', async () => {
    const schema = { type: 'object', properties: { total: { type: 'integer' } }, required: ['total'] };
    const old = file(
      'old.yaml',
      yaml("integer\n                  other: {$ref: 'shared.yaml#/other'}").replace(
        'type: integer\n',
        'type: integer\n',
      ),
    );
    const shared = file('shared.yaml', JSON.stringify({ other: schema }));
    const next = file('new.yaml', yaml("integer\n                  other: {$ref: 'shared2.yaml#/other'}"));
    file('shared2.yaml', JSON.stringify({ other: { ...schema, required: [] } }));
    expect((await diff(old, next)).text).toContain('breaking response-property-became-optional');
    rmSync(shared);
    const missing = await failure(diff(old, next));
    expect([missing.code, missing.message]).toEqual([2, expect.stringContaining('shared.yaml')]);
  });

  it.each([
    ['nothing.yaml', undefined, 'cannot be read'],
    ['empty.yaml', '', 'found none'],
    ['broken.json', '{"openapi": ', 'It is'],
    ['old.yaml', 'swagger: "2.0"', 'convert it to 3.0'],
    [
      'dangling.yaml',
      yaml('integer').replace('type: integer', '$ref: "#/components/schemas/No"'),
      'found nothing there',
    ],
  ])('ends with 2 for what cannot be read: %s', async (name, text, words) => {
    if (text !== undefined) file(name, text);
    const refused = await failure(diff(join(folder, name), file('new.yaml', yaml('integer'))));
    expect(refused.code).toBe(2);
    expect(`${refused.message} ${refused.details.join(' ')}`).toContain(words);
  });
});
