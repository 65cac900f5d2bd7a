import { describe, expect, it } from 'vitest';
import { MigrationFileInvalid, MigrationFileTooLarge } from '../errors.ts';
import { parseMigrationFile } from './parse.ts';

function problems(text: string): string[] {
  try {
    parseMigrationFile(text, { fileName: '01_a.yaml' });
  } catch (error) {
    if (error instanceof MigrationFileInvalid)
      return error.problems.map(({ pointer, detail }) => `${pointer}: ${detail}`);
    throw error;
  }
  return [];
}

describe('parseMigrationFile', () => {
  it('reads YAML and JSON alike, named by the file unless it says its name', () => {
    const yaml = 'operations:\n  - drop_table: { name: a }\n';
    const operations = [{ kind: 'drop_table', body: { name: 'a' } }];
    expect(parseMigrationFile(yaml, { fileName: 'some/dir/01_drop.yaml' })).toEqual({
      name: '01_drop',
      versionSchema: null,
      operations,
    });
    const json = JSON.stringify({
      name: 'other',
      version_schema: 'v2',
      operations: [{ drop_table: { name: 'a' } }],
    });
    expect(parseMigrationFile(json, { fileName: '01.json' })).toEqual({
      name: 'other',
      versionSchema: 'v2',
      operations,
    });
  });

  it('names every wrong field, with what was expected', () => {
    const text = `
name: 01_a
operations:
  - add_colum: { table: t }
  - add_column: { table: t, column: { name: c, type: text, nulable: true } }
  - drop_table: { name: 7 }
  - { drop_table: { name: a }, sql: { up: x } }
  - rename_table: { from: a, to: "${'x'.repeat(64)}" }
extra: 1`;
    expect(problems(text.replace('extra: 1', ''))).toEqual([
      '/operations/0/add_colum: "add_colum" is not an operation; did you mean "add_column"?',
      '/operations/1/add_column/column/nulable: Unknown field',
      '/operations/2/drop_table/name: Invalid input: expected string, received number',
      '/operations/3: Expected one operation, found 2',
      '/operations/4/rename_table/to: Expected a name of 1 to 63 bytes without NUL characters',
    ]);
    expect(problems(text)).toEqual(['/extra: Unknown field']);
  });

  it.each([
    ['operations: [', 'Not YAML or JSON at line 1'],
    ['{"operations": [}', 'Not YAML or JSON'],
    ['operations: []', 'Too small'],
    ['a: 1\na: 2', 'Not YAML or JSON at line 2'],
    ['42', 'expected object'],
    ['', 'expected object'],
  ])('refuses %j: %s', (text, reason) => {
    expect(problems(text).join()).toContain(reason);
  });

  it('refuses names that no version schema can have', () => {
    expect(() => parseMigrationFile('operations: [{ drop_table: { name: a } }]')).toThrow(
      MigrationFileInvalid,
    );
  });

  it('refuses large files before reading them, and aliases that multiply', () => {
    expect(() => parseMigrationFile(`#${'x'.repeat(256 * 1_024)}`)).toThrow(MigrationFileTooLarge);
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...'bcdefgh'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(', ')}]`),
    ].join('\n');
    expect(problems(bomb).join()).toContain('Aliases');
  });

  it('never lets YAML make anything but plain data', () => {
    expect(problems('operations: !!js/function "x"').length).toBeGreaterThan(0);
    const own = parseMigrationFile(
      '{"name":"a","operations":[{"create_constraint":{"table":"t","name":"n","type":"unique","up":{"__proto__":"1"},"down":{}}}]}',
    );
    expect(({} as Record<string, unknown>)['1']).toBeUndefined();
    expect(own.operations).toHaveLength(1);
  });
});
