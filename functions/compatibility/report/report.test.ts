import { describe, expect, it } from 'vitest';
import { type Change, verdictOf } from '../changes.ts';
import { grouped, placeText } from './groups.ts';
import { changelogMarkdown } from './markdown.ts';
import { positionsOf } from './positions.ts';
import { changesSarif } from './sarif.ts';

const change = (more: Partial<Change> = {}): Change => ({
  rule: 'response-type-widened',
  level: 'breaking',
  direction: 'response',
  place: { kind: 'endpoint', endpoint: 'GET /a', status: '200', field: '/total' },
  pointer: '/components/schemas/Order/properties/total',
  message: 'At /total, expected as before: integer. Found: number',
  remedy: 'Keep the type.',
  ...more,
});
const elsewhere = change({
  place: { kind: 'endpoint', endpoint: 'GET /b', status: '200', field: '/*/total' },
  message:
    'At /*/total, expected as before: integer. Found: number. Another change of the same definition has an example',
  example: { document: [{ total: 0.5 }], acceptedBy: 'new', refusedBy: 'old', reason: 'must be integer' },
});
const head = { title: 'Orders', from: '1', to: '2' };

describe('changes of one definition', () => {
  it('are one with all places where they are felt, and with the example that one of them has', () => {
    const [group, ...others] = grouped([change(), elsewhere, change()]);
    expect(others).toEqual([]);
    expect(group?.places).toEqual(['GET /a → 200 /total', 'GET /b → 200 /*/total']);
    expect(group?.change.example).toBeDefined();
    expect(group?.message).toBe('At /total, expected as before: integer. Found: number');
  });

  it.each<Partial<Change>>([
    { rule: 'other' },
    { level: 'warning' },
    { pointer: '/other' },
    { message: 'At /total, expected as before: integer. Found: string' },
  ])('are two when they differ by %j', (more) => expect(grouped([change(), change(more)])).toHaveLength(2));

  it('have a text for every place', () => {
    const parameter = { in: 'query', name: 'q' } as const;
    expect(placeText({ kind: 'endpoint', endpoint: 'GET /a', parameter })).toBe('GET /a → query q');
    expect(placeText({ kind: 'event', event: 'e', role: 'published', field: '/a' })).toBe('published e → /a');
    expect(placeText({ kind: 'type', type: 'T', field: 'f', argument: 'x' })).toBe('T.f.x');
    expect(placeText({ kind: 'schema', field: '' })).toBe('the schema');
    expect(placeText({ kind: 'dependency', service: 's' })).toBe('s');
    expect(placeText({ kind: 'api' })).toBe('the API');
  });
});

describe('a changelog in Markdown', () => {
  it('tells what breaks first, with example and remedy', () => {
    const added = change({
      rule: 'endpoint-added',
      level: 'info',
      message: 'GET /c is new',
      pointer: '/paths/~1c',
    });
    const text = changelogMarkdown(verdictOf([added, elsewhere], true), head);
    expect(text.indexOf('## Breaking changes (1)')).toBeGreaterThan(0);
    expect(text.indexOf('## Other changes (1)')).toBeGreaterThan(text.indexOf('## Breaking'));
    expect(text).toContain('  ```json\n  [\n    {\n      "total": 0.5\n    }\n  ]\n  ```');
    expect(text).toContain('*Instead:* Keep the type.');
    expect(text).toContain('Who relied on 1 may fail');
  });

  it('says why a level is another than the rule’s, and when nothing changed', () => {
    const eased = change({
      level: 'warning',
      adjusted: [{ by: 'override', from: 'breaking', reason: 'agreed' }],
    });
    expect(changelogMarkdown(verdictOf([eased], true), head)).toContain('*Was breaking* (override): agreed');
    expect(changelogMarkdown(verdictOf([], false), head)).toBe(
      '# Orders: 1 → 2\n\nNothing changed that the description promises.\n',
    );
  });

  it('lets nothing of a user be Markdown or HTML', () => {
    const text = changelogMarkdown(
      verdictOf(
        [
          change({
            rule: 'a`b',
            message: '<script>alert(1)</script> [x](javascript:alert(1))\n# head & <b>',
            example: { document: '```\n</code>', acceptedBy: 'old', refusedBy: 'new', reason: '<i>' },
          }),
        ],
        true,
      ),
      { ...head, title: '<img src=x>' },
    );
    const [prose = '', fenced = ''] = text.split('````json');
    expect(prose).not.toMatch(/<(script|img|i|b)/);
    expect(prose).not.toContain('[x](');
    expect(prose).not.toMatch(/^# head/m);
    expect(prose).toContain('``a`b``');
    expect(fenced).toContain('````\n');
  });
});

describe('positions', () => {
  const json = '{\n  "a": {"b": [1,\n    {"c": "x, }\\" \\\\"}]},\n  "a/b": {"~": null}\n}';
  it.each([
    ['/a', 2, 3],
    ['/a/b', 2, 9],
    ['/a/b/0', 2, 15],
    ['/a/b/1', 3, 5],
    ['/a/b/1/c', 3, 6],
    ['/a~1b/~0', 4, 11],
  ])('of JSON: %s', (pointer, line, column) => {
    expect(positionsOf(json, [pointer]).get(pointer)).toEqual({ line, column, exact: true });
  });

  it('of YAML, and of what is not there by what is above it', () => {
    const found = positionsOf('a:\n  - b: 1\n    c/d: {e: 2}\n', ['/a/0/c~1d/e', '/a/0/x/y', '/z', '']);
    expect([...found.values()]).toEqual([
      { line: 3, column: 11, exact: true },
      { line: 2, column: 5, exact: false },
      { line: 1, column: 1, exact: false },
      { line: 1, column: 1, exact: true },
    ]);
  });
});

it('SARIF names a rule once and stands where it is told', () => {
  const spot = { file: 'a b/openapi.yaml', position: { line: 3, column: 5 } };
  const { runs } = changesSarif([change(), elsewhere, change({ pointer: '/x', level: 'info' })], () => spot);
  expect(runs[0]?.tool.driver.rules).toHaveLength(1);
  expect(runs[0]?.results.map(({ level, ruleIndex }) => [level, ruleIndex])).toEqual([
    ['error', 0],
    ['note', 0],
  ]);
  expect(runs[0]?.results[0]?.locations[0]?.physicalLocation).toEqual({
    artifactLocation: { uri: 'a%20b/openapi.yaml' },
    region: { startLine: 3, startColumn: 5 },
  });
});
