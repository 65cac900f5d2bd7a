import { describe, expect, it } from 'vitest';
import { lintMigrationFile } from './migration-file.ts';

const at = async (text: string) =>
  (await lintMigrationFile(text, { file: '01_a.yaml', postgresVersion: 14, transaction: 'none' }))
    .filter(({ severity }) => severity === 'error')
    .map(({ rule, line, column }) => [rule, line, column]);

describe('lintMigrationFile', () => {
  it('finds the place in block scalars to the character', async () => {
    const yaml = `operations:
  - drop_table: { name: a }
  - sql:
      up: |
        -- é
        CREATE INDEX i ON t (a);
          CREATE INDEX j ON t (a);
      down: |

        DROP INDEX i
`;
    expect(await at(yaml)).toEqual([
      ['require-concurrent-index-creation', 6, 9],
      ['require-concurrent-index-creation', 7, 11],
      ['lock-held-over-slow-work', 7, 11],
      ['require-concurrent-index-deletion', 10, 9],
    ]);
  });

  it('finds the place in one line, and the beginning of anything else', async () => {
    const rule = 'require-concurrent-index-creation';
    expect(await at('operations: [{sql: {up: CREATE INDEX i ON t (a)}}]')).toEqual([[rule, 1, 25]]);
    expect(await at('{"operations": [{"sql": {"up": "SELECT 1; CREATE INDEX i ON t (a)"}}]}')).toEqual([
      [rule, 1, 43],
    ]);
    expect(
      await at('operations:\n  - sql:\n      up: >\n        SELECT 1;\n\n        CREATE INDEX i ON t (a)'),
    ).toEqual([[rule, 3, 11]]);
  });

  it('knows that the statements run in one transaction', async () => {
    expect(await at('operations: [{sql: {up: CREATE INDEX CONCURRENTLY i ON t (a)}}]')).toEqual([
      ['ban-concurrent-index-creation-in-transaction', 1, 25],
    ]);
  });

  it.each([
    ['operations:\n  - add_colum: {}', ['migration-file-invalid', 2, 16]],
    ['operations:\n  - sql: {up: 1}', ['migration-file-invalid', 2, 15]],
    ['a: [', ['migration-file-invalid', 1, 5]],
    ['42', ['migration-file-invalid', 1, 1]],
    ['', ['migration-file-invalid', 1, 1]],
  ])('names what is wrong with %j', async (text, expected) => {
    expect(await at(text)).toEqual([expected]);
  });
});
