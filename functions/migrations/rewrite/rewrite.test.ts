import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MigrationFileInvalid } from '../errors.ts';
import { parseMigrationFile } from '../file/parse.ts';
import { lint } from '../lint/lint.ts';
import { corpus } from '../lint/testing/corpus.ts';
import { column, snapshot, table } from '../plan/testing/snapshot.ts';
import { withOperations } from './advise.ts';
import { type RewriteOptions, rewrite } from './rewrite.ts';

const options: RewriteOptions = {
  file: 'a.sql',
  name: '01_a',
  schema: 'public',
  snapshot: null,
  postgresVersion: 14,
};

async function made(sql: string, more: Partial<RewriteOptions> = {}) {
  const result = await rewrite(sql, { ...options, ...more });
  if (!('yaml' in result)) throw new Error(result.findings.map(({ message }) => message).join());
  return result;
}
const operations = async (sql: string, more: Partial<RewriteOptions> = {}) =>
  (await made(sql, more)).operations.map(({ kind, body }) => ({ [kind]: body }));

describe('rewrite', () => {
  it('writes a file that reads back to the same operations, with comments that say what to look at', async () => {
    const {
      yaml,
      notes,
      operations: list,
      kept,
    } = await made('ALTER TABLE t ALTER a SET NOT NULL, SET TABLESPACE fast; CREATE TABLE other.x (a int)');
    expect(parseMigrationFile(yaml).operations).toEqual(list);
    expect(kept).toBe(2);
    expect(yaml).toContain('  # review up: rows with NULL in "a" are refused');
    expect(yaml).toContain('  # rewriting-table: SET TABLESPACE copies "t" while it is locked.');
    expect(yaml).toContain(
      '  # stays SQL: it is about schema "other"; a migration changes one schema, here "public"',
    );
    expect(notes.map(({ operation }) => operation)).toEqual([1, 2, 2, 3]);
  });

  it('keeps of a statement the clauses that have no counterpart, and only these', async () => {
    expect(await operations('ALTER TABLE "T" ADD b int, SET (fillfactor = 70), DROP COLUMN c')).toEqual([
      { add_column: { table: 'T', column: { name: 'b', type: 'int', nullable: true } } },
      { sql: { up: expect.stringMatching(/^ALTER TABLE "T" SET \(fillfactor\s*=\s*70\)$/) } },
      { drop_column: { table: 'T', column: 'c' } },
    ]);
  });

  it('makes one operation of all changes of a column', async () => {
    const sql = `ALTER TABLE t ALTER a TYPE bigint USING a::bigint * 2; ALTER TABLE t ALTER a SET NOT NULL;
      ALTER TABLE t ALTER a SET DEFAULT 3; COMMENT ON COLUMN t.a IS 'x'`;
    expect(await operations(sql)).toEqual([
      {
        alter_column: {
          table: 't',
          column: 'a',
          type: 'bigint',
          nullable: false,
          default: '3',
          comment: 'x',
          up: 'CAST(a AS bigint) * 2',
          down: '"a"',
        },
      },
    ]);
  });

  it('asks the database, when it may, for what the SQL does not say', async () => {
    const known = snapshot([
      table('t', 1, [
        column('a', 'integer', { notNull: true }),
        column('b', 'text', { default: "'x'::text" }),
      ]),
    ]);
    const sql =
      'ALTER TABLE t DROP COLUMN a; ALTER TABLE t ALTER b SET NOT NULL; ALTER TABLE u ADD FOREIGN KEY (t_id) REFERENCES t';
    expect(await operations(sql, { snapshot: known })).toEqual([
      { drop_column: { table: 't', column: 'a', down: 'NULL' } },
      {
        alter_column: {
          table: 't',
          column: 'b',
          nullable: false,
          up: `coalesce("b", 'x'::text)`,
          down: '"b"',
        },
      },
      {
        create_constraint: expect.objectContaining({
          name: 'u_t_id_fkey',
          references: { table: 't', columns: ['id'] },
        }),
      },
    ]);
    const blind = await made(sql);
    expect(blind.operations.map(({ kind }) => kind)).toEqual(['drop_column', 'alter_column', 'sql']);
    expect(blind.notes.find(({ operation }) => operation === 3)?.text).toContain('--database');
  });

  it('folds statements about what the file itself makes', async () => {
    expect(
      await operations(`ALTER TABLE t ADD a int DEFAULT 7; ALTER TABLE t ALTER a DROP DEFAULT; ALTER TABLE t ALTER a SET NOT NULL;
        COMMENT ON COLUMN t.a IS 'b'; UPDATE u SET a = 1`),
    ).toEqual([
      { add_column: { table: 't', column: { name: 'a', type: 'int', comment: 'b' }, up: '7' } },
      { sql: { up: 'UPDATE u SET a = 1' } },
    ]);
  });

  it.each([
    'CREATE TABLE n (a int) PARTITION BY RANGE (a)',
    'CREATE TABLE n (LIKE t)',
    'CREATE UNLOGGED TABLE n (a int)',
    'CREATE TABLE n (a text COLLATE "C")',
    'ALTER TABLE t ADD a serial',
    'ALTER TABLE t ADD a int GENERATED ALWAYS AS (b) VIRTUAL',
    'ALTER TABLE t ADD UNIQUE (a) DEFERRABLE',
    'ALTER TABLE t ADD EXCLUDE USING gist (a WITH =)',
    'ALTER TABLE t DROP CONSTRAINT unknown',
    'ALTER INDEX i RENAME TO j',
    'CREATE INDEX i ON t (a) INCLUDE (b)',
    'DO $$ BEGIN PERFORM 1; END $$',
    'UPDATE t SET a = b',
  ])('leaves %s as it is', async (sql) => {
    const { operations: list, notes } = await made(sql);
    expect(list).toEqual([{ kind: 'sql', body: { up: sql } }]);
    expect(notes[0]?.text).toContain('stays SQL: ');
  });

  it('returns the findings of what cannot be read, and nothing for nothing', async () => {
    expect(await rewrite('ALTRE', options)).toMatchObject({ findings: [{ rule: 'syntax-error' }] });
    expect(await rewrite('BEGIN; COMMIT', options)).toMatchObject({ operations: [] });
  });

  it('refuses more operations than a file may have', async () => {
    await expect(rewrite('DROP TABLE a;'.repeat(501), options)).rejects.toThrow(MigrationFileInvalid);
  });

  it('never throws on any statements, and always writes what reads back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...corpus), { minLength: 1, maxLength: 12 }),
        async (parts) => {
          const result = await rewrite(parts.join(';\n'), options);
          if (!('yaml' in result) || result.operations.length === 0) return;
          expect(parseMigrationFile(result.yaml).operations).toEqual(result.operations);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('withOperations', () => {
  it('gives errors the operations that do all of the statement', async () => {
    const sql = 'CREATE INDEX i ON t (a); CREATE INDEX j ON t (lower(a))';
    const found = await lint(sql, { file: 'a.sql', postgresVersion: 14, transaction: 'none' });
    const advised = (await withOperations(found, 'public', null)).filter(
      ({ severity }) => severity === 'error',
    );
    expect(advised.map(({ operations: list }) => list)).toEqual([
      [{ create_index: { name: 'i', table: 't', columns: [{ column: 'a' }] } }],
      null,
    ]);
  });
});
