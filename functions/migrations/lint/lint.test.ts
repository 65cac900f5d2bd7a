import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { column, snapshot, table } from '../plan/testing/snapshot.ts';
import { Finding } from './finding.ts';
import { MAX_SQL_LENGTH } from './statements.ts';
import { corpus } from './testing/corpus.ts';
import { findings, rulesFor } from './testing/findings.ts';

const of = async (rule: string, sql: string, options = {}) =>
  (await findings(sql, options)).filter((one) => one.rule === rule);

describe('lint', () => {
  it('says where, what and how long', async () => {
    const sql = "SELECT 'ü💥';\n\n-- why\n  CREATE INDEX by_a\n    ON t (a);\n";
    const [found] = await of('require-concurrent-index-creation', sql);
    expect(found).toEqual({
      file: 'a.sql',
      rule: 'require-concurrent-index-creation',
      severity: 'error',
      line: 4,
      column: 3,
      range: { start: { offset: 24, line: 4, column: 3 }, end: { offset: 54, line: 5, column: 13 } },
      statement: 'CREATE INDEX by_a\n    ON t (a)',
      lock: { mode: 'SHARE', table: 't', duration: 'while the index is built: grows with the table' },
      message: 'Writes to "t" wait while "by_a" is built.',
      advice: expect.stringContaining('CONCURRENTLY'),
      operations: null,
      url: 'docs/lint.md#require-concurrent-index-creation',
    });
  });

  it('points to the clause, in characters though the parser counts bytes', async () => {
    const sql = 'ALTER TABLE "ééé"\n  ADD COLUMN ok int,\n  ADD COLUMN bad int NOT NULL;';
    const [found] = await of('adding-required-field', sql);
    expect([found?.line, found?.column]).toEqual([3, 14]);
    expect(found?.range.start).toEqual({ offset: 0, line: 1, column: 1 });
  });

  it('puts a syntax error where the parser stopped', async () => {
    const found = await findings("SELECT '💥ü';\nALTRE TABLE t;\n");
    expect(found.map(({ rule, line, column: at, message }) => [rule, line, at, message])).toEqual([
      ['syntax-error', 2, 1, 'Syntax error at or near "ALTRE".'],
    ]);
  });

  it('refuses what is too large or too deep, in words', async () => {
    const [large] = await findings(' '.repeat(MAX_SQL_LENGTH + 1));
    expect(large?.message).toContain('at most');
    const [deep] = await findings(`SELECT ${'1+'.repeat(100_000)}1`);
    expect(deep?.rule).toBe('syntax-error');
    expect(await findings('SELECT 1')).toEqual([]);
  });

  it('reads the size and the types of the database when it has them', async () => {
    const known = snapshot([
      table('big', 1, [column('name', 'character varying(10)'), column('price', 'numeric(10,2)')], {
        estimatedRows: 90_000_000,
        bytes: 36_000_000_000,
        constraints: [
          {
            name: 'named',
            type: 'check',
            columns: ['name'],
            definition: 'CHECK ((name IS NOT NULL))',
            validated: true,
            references: null,
          },
        ],
      }),
    ]);
    const options = { snapshot: known };
    const [index] = await of('require-concurrent-index-creation', 'CREATE INDEX i ON big (name)', options);
    expect(index?.lock?.duration).toBe(
      'while the index is built: roughly 10 min for about 90,000,000 rows, 36000 MB',
    );
    const type = (sql: string) => of('changing-column-type', `ALTER TABLE big ALTER ${sql}`, options);
    for (const safe of [
      'name TYPE varchar(20)',
      'name TYPE text',
      'name TYPE varchar',
      'price TYPE numeric(12,2)',
      'price TYPE numeric',
    ])
      expect(await type(safe), safe).toEqual([]);
    for (const unsafe of [
      'name TYPE varchar(5)',
      'name TYPE text USING upper(name)',
      'price TYPE numeric(12,3)',
      'price TYPE int',
      'other TYPE text',
    ])
      expect(await type(unsafe), unsafe).toHaveLength(1);
    expect(await of('adding-not-nullable-field', 'ALTER TABLE big ALTER name SET NOT NULL', options)).toEqual(
      [],
    );
    expect(
      await of('adding-not-nullable-field', 'ALTER TABLE other.big ALTER name SET NOT NULL', options),
    ).toHaveLength(1);
    expect(await rulesFor('CREATE TABLE IF NOT EXISTS big (a int); DROP TABLE big', options)).toContain(
      'ban-drop-table',
    );
  });

  it.each([
    ['adding-field-with-default', 'ALTER TABLE t ADD a int DEFAULT 1', 10, 11],
    [
      'adding-not-nullable-field',
      'ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL); ALTER TABLE t ALTER a SET NOT NULL',
      11,
      12,
    ],
  ])('%s depends on the version of PostgreSQL', async (rule, sql, before, from) => {
    expect(await of(rule, sql, { postgresVersion: before })).toHaveLength(1);
    expect(await of(rule, sql, { postgresVersion: from })).toEqual([]);
  });

  it('adds an enum value in a transaction from PostgreSQL 12 on', async () => {
    const rule = 'adding-enum-value-in-transaction';
    const sql = "BEGIN; ALTER TYPE m ADD VALUE 'x'; COMMIT";
    expect(await of(rule, sql, { postgresVersion: 11 })).toHaveLength(1);
    expect(await of(rule, sql, { postgresVersion: 12 })).toEqual([]);
  });

  it('takes a file of several statements for one transaction where the tool sends it whole', async () => {
    const rule = 'ban-concurrent-index-creation-in-transaction';
    const one = 'CREATE INDEX CONCURRENTLY i ON t (a);';
    expect(await of(rule, one, { transaction: 'several' })).toEqual([]);
    expect(await of(rule, `${one} SELECT 1`, { transaction: 'several' })).toHaveLength(1);
    expect(await of(rule, one, { transaction: 'file' })).toHaveLength(1);
  });
});

describe('suppressions', () => {
  const drops = 'DROP TABLE a;\nDROP TABLE b; -- theseus:ignore ban-drop-table: b is empty\nDROP TABLE c;';

  it('speak of the statement they stand behind, in, or before', async () => {
    const dropped = async (sql: string) => (await of('ban-drop-table', sql)).map(({ line }) => line);
    expect(await dropped(drops)).toEqual([1, 3]);
    expect(await dropped('DROP TABLE\n  -- theseus:ignore ban-drop-table: x\n  a;\nDROP TABLE b')).toEqual([
      4,
    ]);
    expect(await dropped('/* theseus:ignore ban-drop-table: x */ DROP TABLE a; DROP TABLE b')).toEqual([1]);
    expect(
      await dropped('DROP TABLE a;\n-- theseus:ignore-file ban-drop-table: all moved\nDROP TABLE b'),
    ).toEqual([]);
    expect(await dropped('-- squawk-ignore ban-drop-table\nDROP TABLE a;\nDROP TABLE b')).toEqual([3]);
  });

  it('name several rules, other tools’ names included, and each must be needed', async () => {
    const sql =
      '-- theseus:ignore ban-drop-cascade, ban-drop-view, ban-drop-table: nobody reads it\nDROP VIEW v CASCADE';
    const found = await findings(sql);
    expect(found.map(({ rule, message }) => [rule, message])).toEqual([
      ['unused-suppression', 'ban-drop-table finds nothing here: the comment silences nothing.'],
      ['prefer-robust-stmts', 'DROP without IF EXISTS stops a second try of the file.'],
    ]);
    expect(found[0]).toMatchObject({ line: 1, column: 1 });
  });

  it('say which rule may be meant', async () => {
    const [found] = await of('unused-suppression', '-- theseus:ignore ban-drop-tabel: x\nDROP TABLE t');
    expect(found?.message).toContain('did you mean "ban-drop-table"');
  });
});

describe('any text', () => {
  const statement = fc.constantFrom(...corpus);
  const noise = fc.constantFrom(
    ';',
    '\n',
    ' -- é\n',
    '/* 💥 */',
    ';;',
    '$$',
    "'",
    ' BEGIN; ',
    '\0',
    ' COMMIT; ',
  );

  it('of statements never makes it throw, and every finding lies within the text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 4, arbitrary: statement }, noise), { maxLength: 12 }),
        fc.constantFrom('none' as const, 'file' as const, 'several' as const),
        fc.integer({ min: 10, max: 18 }),
        async (parts, transaction, postgresVersion) => {
          const sql = parts.join(';\n');
          const lines = sql.split('\n');
          for (const one of await findings(sql, { transaction, postgresVersion })) {
            Finding.parse(one);
            const { start, end } = one.range;
            expect(one.line).toBeLessThanOrEqual(lines.length);
            expect(one.column).toBeLessThanOrEqual((lines[one.line - 1] ?? '').length + 1);
            expect(start.offset).toBeLessThanOrEqual(end.offset);
            expect(end.offset).toBeLessThanOrEqual(sql.length);
            expect(sql.slice(start.offset, end.offset).startsWith(one.statement)).toBe(true);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('cut anywhere never makes it throw', async () => {
    await fc.assert(
      fc.asyncProperty(statement, fc.nat(), async (sql, cut) => {
        await findings(sql.slice(0, cut % (sql.length + 1)));
      }),
      { numRuns: 200 },
    );
  });
});
