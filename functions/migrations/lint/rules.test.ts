import { describe, expect, it } from 'vitest';
import type { LintOptions } from './lint.ts';
import { ruleById, rules } from './registry.ts';
import { rulesFor } from './testing/findings.ts';

interface Cases {
  bad: string[];
  good: string[];
  /** Bad on a table that stands; not on one that the same file creates. */
  fresh?: string;
  options?: Partial<LintOptions>;
}

const inTransaction: Partial<LintOptions> = { transaction: 'file' };

const cases: Record<string, Cases> = {
  'syntax-error': {
    bad: ['ALTRE TABLE t', 'SELECT (', '\\i other.sql', 'SELECT \0 1'],
    good: ['', ' -- nothing', ';;', 'SELECT 1'],
  },
  // See migration-file.test.ts.
  'migration-file-invalid': { bad: [], good: [] },
  'require-concurrent-index-creation': {
    bad: ['CREATE INDEX i ON t (a)', 'CREATE UNIQUE INDEX ON s."T" (lower(a)) WHERE a > 1'],
    good: ['CREATE INDEX CONCURRENTLY i ON t (a)'],
    fresh: 'CREATE INDEX i ON t (a)',
  },
  'require-concurrent-index-deletion': {
    bad: ['DROP INDEX i', 'DROP INDEX IF EXISTS s.i, j'],
    good: ['DROP INDEX CONCURRENTLY i', 'DROP TABLE t'],
    fresh: 'CREATE INDEX CONCURRENTLY i ON t (a); DROP INDEX i',
  },
  'require-concurrent-reindex': {
    bad: ['REINDEX TABLE t', 'REINDEX INDEX i', 'REINDEX SCHEMA s', 'REINDEX (CONCURRENTLY false) TABLE t'],
    good: ['REINDEX TABLE CONCURRENTLY t', 'REINDEX (CONCURRENTLY) INDEX i'],
  },
  'require-concurrent-matview-refresh': {
    bad: ['REFRESH MATERIALIZED VIEW v', 'REFRESH MATERIALIZED VIEW v WITH NO DATA'],
    good: [
      'REFRESH MATERIALIZED VIEW CONCURRENTLY v',
      'CREATE MATERIALIZED VIEW v AS SELECT 1; REFRESH MATERIALIZED VIEW v',
    ],
  },
  'require-concurrent-partition-detach': {
    bad: ['ALTER TABLE t DETACH PARTITION p'],
    good: ['ALTER TABLE t DETACH PARTITION p CONCURRENTLY', 'ALTER TABLE t ATTACH PARTITION p DEFAULT'],
    fresh: 'ALTER TABLE t DETACH PARTITION p',
  },
  'ban-concurrent-index-creation-in-transaction': {
    bad: [
      'CREATE INDEX CONCURRENTLY i ON t (a)',
      'DROP INDEX CONCURRENTLY i',
      'REINDEX TABLE CONCURRENTLY t',
      'ALTER TABLE t DETACH PARTITION p CONCURRENTLY',
      'VACUUM t',
      'COMMIT; BEGIN; CREATE INDEX CONCURRENTLY i ON t (a); COMMIT',
    ],
    good: ['CREATE INDEX i ON t (a)', 'COMMIT; CREATE INDEX CONCURRENTLY i ON t (a)', 'ANALYZE t'],
    options: inTransaction,
  },
  'adding-foreign-key-constraint': {
    bad: [
      'ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES o (id)',
      'ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES s.o',
      'ALTER TABLE t ADD COLUMN a int DEFAULT 1 REFERENCES o (id)',
    ],
    good: [
      'ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES o (id) NOT VALID',
      'ALTER TABLE t ADD COLUMN a int REFERENCES o (id)',
      'CREATE TABLE n (a int REFERENCES o (id))',
    ],
    fresh: 'ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES o (id)',
  },
  'constraint-missing-not-valid': {
    bad: [
      'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)',
      'ALTER TABLE t ADD CHECK (a > 0)',
      'ALTER TABLE t ADD CONSTRAINT n NOT NULL a',
    ],
    good: [
      'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID',
      'ALTER TABLE t ADD COLUMN a int CHECK (a > 0)',
    ],
    fresh: 'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)',
  },
  'validating-in-same-transaction': {
    bad: ['ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c'],
    good: [
      'ALTER TABLE t VALIDATE CONSTRAINT c',
      'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; COMMIT; ALTER TABLE t VALIDATE CONSTRAINT c',
    ],
    fresh: 'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c',
    options: inTransaction,
  },
  'disallowed-unique-constraint': {
    bad: ['ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)', 'ALTER TABLE t ADD COLUMN a int UNIQUE'],
    good: ['ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX i', 'CREATE TABLE n (a int UNIQUE)'],
    fresh: 'ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)',
  },
  'adding-primary-key-constraint': {
    bad: ['ALTER TABLE t ADD PRIMARY KEY (a)', 'ALTER TABLE t ADD COLUMN id serial PRIMARY KEY'],
    good: ['ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY USING INDEX i', 'CREATE TABLE n (a int PRIMARY KEY)'],
    fresh: 'ALTER TABLE t ADD PRIMARY KEY (a)',
  },
  'adding-exclusion-constraint': {
    bad: ['ALTER TABLE t ADD EXCLUDE USING gist (during WITH &&)'],
    good: ['CREATE TABLE n (during tsrange, EXCLUDE USING gist (during WITH &&))'],
    fresh: 'ALTER TABLE t ADD EXCLUDE USING gist (during WITH &&)',
  },
  'adding-not-nullable-field': {
    bad: [
      'ALTER TABLE t ALTER COLUMN a SET NOT NULL',
      'ALTER TABLE t ADD CONSTRAINT c CHECK (b IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c; ALTER TABLE t ALTER a SET NOT NULL',
      'ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t ALTER a SET NOT NULL',
    ],
    good: [
      'ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c; ALTER TABLE t ALTER a SET NOT NULL',
      'ALTER TABLE t ALTER COLUMN a DROP NOT NULL',
    ],
    fresh: 'ALTER TABLE t ALTER COLUMN a SET NOT NULL',
  },
  'adding-required-field': {
    bad: ['ALTER TABLE t ADD COLUMN a int NOT NULL', 'ALTER TABLE t ADD a text NOT NULL CHECK (a <> $$$$)'],
    good: [
      'ALTER TABLE t ADD COLUMN a int',
      'ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 1',
      'ALTER TABLE t ADD COLUMN a int NOT NULL GENERATED ALWAYS AS IDENTITY',
      'ALTER TABLE t ADD COLUMN a serial NOT NULL',
    ],
    fresh: 'ALTER TABLE t ADD COLUMN a int NOT NULL',
  },
  'adding-field-with-default': {
    bad: [
      'ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()',
      'ALTER TABLE t ADD COLUMN a float DEFAULT random() * 10',
      'ALTER TABLE t ADD COLUMN a timestamptz DEFAULT clock_timestamp()',
      'ALTER TABLE t ADD COLUMN a int DEFAULT my_own()',
    ],
    good: [
      'ALTER TABLE t ADD COLUMN a int DEFAULT 1 + 2',
      'ALTER TABLE t ADD COLUMN a timestamptz DEFAULT now()',
      'ALTER TABLE t ADD COLUMN a timestamptz DEFAULT CURRENT_TIMESTAMP',
      "ALTER TABLE t ADD COLUMN a text[] DEFAULT '{}'::text[]",
      'ALTER TABLE t ALTER COLUMN a SET DEFAULT random()',
    ],
    fresh: 'ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid()',
  },
  'adding-stored-generated-column': {
    bad: ['ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b * 2) STORED'],
    good: [
      'ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b * 2) VIRTUAL',
      'CREATE TABLE n (b int, a int GENERATED ALWAYS AS (b * 2) STORED)',
    ],
    fresh: 'ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (b * 2) STORED',
  },
  'adding-auto-incrementing-column': {
    bad: [
      'ALTER TABLE t ADD COLUMN a bigserial',
      'ALTER TABLE t ADD COLUMN a int GENERATED BY DEFAULT AS IDENTITY',
    ],
    good: ['ALTER TABLE t ADD COLUMN a bigint', 'CREATE TABLE n (id serial)'],
    fresh: 'ALTER TABLE t ADD COLUMN a serial',
  },
  'changing-column-type': {
    bad: ['ALTER TABLE t ALTER a TYPE bigint', 'ALTER TABLE t ALTER a SET DATA TYPE int USING a::int'],
    good: ['ALTER TABLE t ALTER a SET DEFAULT 1', 'ALTER VIEW v ALTER a SET DEFAULT 1'],
    fresh: 'ALTER TABLE t ALTER a TYPE bigint',
  },
  'rewriting-table': {
    bad: [
      'ALTER TABLE t SET TABLESPACE fast',
      'ALTER TABLE t SET LOGGED',
      'ALTER TABLE t SET UNLOGGED',
      'ALTER TABLE t SET ACCESS METHOD heap',
    ],
    good: ['ALTER TABLE t SET (fillfactor = 70)', 'ALTER INDEX i SET TABLESPACE fast'],
    fresh: 'ALTER TABLE t SET UNLOGGED',
  },
  'prefer-repack': {
    bad: ['VACUUM FULL t', 'VACUUM (FULL, ANALYZE) t', 'VACUUM FULL', 'CLUSTER t USING i', 'CLUSTER'],
    good: ['VACUUM t', 'VACUUM (FULL off) t', 'ANALYZE t'],
  },
  'attaching-partition': {
    bad: ['ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)'],
    good: ['CREATE TABLE p (a int); ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)'],
    fresh: 'ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)',
  },
  'renaming-column': {
    bad: ['ALTER TABLE t RENAME COLUMN a TO b', 'ALTER TABLE s.t RENAME a TO b'],
    good: [
      'ALTER TABLE t RENAME CONSTRAINT a TO b',
      'ALTER TABLE t ADD COLUMN a int; ALTER TABLE t RENAME a TO b',
    ],
    fresh: 'ALTER TABLE t RENAME COLUMN a TO b',
  },
  'renaming-table': {
    bad: ['ALTER TABLE t RENAME TO u', 'ALTER VIEW t RENAME TO u'],
    good: ['ALTER INDEX i RENAME TO j', 'ALTER TABLE t RENAME a TO b'],
    fresh: 'ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO v',
  },
  'renaming-object': {
    bad: [
      'ALTER SCHEMA a RENAME TO b',
      'ALTER TYPE a RENAME TO b',
      "ALTER TYPE mood RENAME VALUE 'a' TO 'b'",
      'ALTER FUNCTION f(int) RENAME TO g',
      'ALTER SEQUENCE a RENAME TO b',
      'ALTER TABLE t SET SCHEMA other',
    ],
    good: ['ALTER INDEX i RENAME TO j', "ALTER TYPE mood ADD VALUE 'x'"],
  },
  'ban-drop-column': {
    bad: ['ALTER TABLE t DROP COLUMN a', 'ALTER TABLE t DROP a, DROP COLUMN IF EXISTS b CASCADE'],
    good: ['ALTER TABLE t DROP CONSTRAINT a', 'ALTER TABLE t ADD COLUMN a int; ALTER TABLE t DROP COLUMN a'],
    fresh: 'ALTER TABLE t DROP COLUMN a',
  },
  'ban-drop-table': {
    bad: ['DROP TABLE t', 'DROP TABLE IF EXISTS s.t, u'],
    good: ['DROP VIEW t'],
    fresh: 'DROP TABLE t',
  },
  'ban-drop-constraint': {
    bad: ['ALTER TABLE t DROP CONSTRAINT c'],
    good: [
      'ALTER TABLE t DROP COLUMN c',
      'ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t DROP CONSTRAINT c',
    ],
    fresh: 'ALTER TABLE t DROP CONSTRAINT c',
  },
  'ban-drop-not-null': {
    bad: ['ALTER TABLE t ALTER a DROP NOT NULL'],
    good: ['ALTER TABLE t ALTER a DROP DEFAULT'],
    fresh: 'ALTER TABLE t ALTER a DROP NOT NULL',
  },
  'ban-drop-object': {
    bad: [
      'DROP VIEW v',
      'DROP TYPE t',
      'DROP DOMAIN d',
      'DROP SEQUENCE s',
      'DROP FUNCTION f(int)',
      'DROP EXTENSION e',
      'DROP MATERIALIZED VIEW v',
    ],
    good: ['DROP INDEX i', 'DROP TRIGGER x ON t'],
  },
  'ban-drop-schema': { bad: ['DROP SCHEMA s', 'DROP SCHEMA s CASCADE'], good: ['CREATE SCHEMA s'] },
  'ban-drop-database': { bad: ['DROP DATABASE d'], good: ['CREATE DATABASE d'] },
  'ban-drop-cascade': {
    bad: [
      'DROP TABLE t CASCADE',
      'ALTER TABLE t DROP COLUMN a CASCADE',
      'ALTER TABLE t DROP CONSTRAINT a CASCADE',
    ],
    good: ['DROP TABLE t', 'ALTER TABLE t DROP COLUMN a RESTRICT', 'TRUNCATE t CASCADE'],
  },
  'ban-truncate-cascade': {
    bad: ['TRUNCATE t', 'TRUNCATE t, u CASCADE'],
    good: ['DELETE FROM t WHERE a'],
    fresh: 'TRUNCATE t',
  },
  'ban-alter-domain-with-add-constraint': {
    bad: ['ALTER DOMAIN d ADD CONSTRAINT c CHECK (value > 0)', 'ALTER DOMAIN d SET NOT NULL'],
    good: [
      'ALTER DOMAIN d ADD CONSTRAINT c CHECK (value > 0) NOT VALID',
      'ALTER DOMAIN d DROP CONSTRAINT c',
      'ALTER DOMAIN d DROP NOT NULL',
    ],
  },
  'ban-create-domain-with-constraint': {
    bad: ['CREATE DOMAIN d AS int CHECK (value > 0)'],
    good: ['CREATE DOMAIN d AS int'],
  },
  'ban-disable-trigger': {
    bad: ['ALTER TABLE t DISABLE TRIGGER ALL', 'ALTER TABLE t DISABLE TRIGGER x'],
    good: ['ALTER TABLE t ENABLE TRIGGER x'],
    fresh: 'ALTER TABLE t DISABLE TRIGGER ALL',
  },
  'locking-table': {
    bad: ['LOCK TABLE t', 'LOCK t IN SHARE MODE'],
    good: ['LOCK t IN ROW EXCLUSIVE MODE'],
    fresh: 'LOCK TABLE t',
  },
  'locking-several-tables': {
    bad: ['ALTER TABLE t ADD a int; ALTER TABLE u ADD b int'],
    good: [
      'ALTER TABLE t ADD a int; ALTER TABLE t ADD b int',
      'ALTER TABLE t ADD a int; COMMIT; ALTER TABLE u ADD b int',
      'LOCK t, u; ALTER TABLE t ADD a int',
    ],
    fresh: 'ALTER TABLE t ADD a int; ALTER TABLE u ADD b int',
    options: inTransaction,
  },
  'lock-held-over-slow-work': {
    bad: [
      'ALTER TABLE t ADD COLUMN a int; UPDATE t SET a = 1 WHERE b',
      'ALTER TABLE t ADD COLUMN a int; CREATE INDEX ON u (b)',
      'ALTER TABLE t RENAME a TO b; REFRESH MATERIALIZED VIEW CONCURRENTLY v',
      'CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO u SELECT * FROM t',
      'ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t ALTER a SET NOT NULL',
    ],
    good: [
      'UPDATE t SET a = 1; ALTER TABLE t ADD COLUMN b int',
      "ALTER TABLE t ADD COLUMN a int; INSERT INTO kinds VALUES (1, 'x')",
      'ALTER TABLE t ADD COLUMN a int; COMMIT; UPDATE t SET a = 1 WHERE b',
      'ALTER TABLE t ADD COLUMN a int; ALTER TABLE t ADD COLUMN b int',
    ],
    fresh: 'ALTER TABLE t ADD COLUMN a int; UPDATE t SET a = 1 WHERE b',
    options: inTransaction,
  },
  'require-timeout-settings': {
    bad: [
      'ALTER TABLE t ADD a int',
      'SET lock_timeout = 0; ALTER TABLE t ADD a int',
      "SET lock_timeout = '0s'; CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()",
    ],
    good: [
      "SET lock_timeout = '1s'; ALTER TABLE t ADD a int",
      'SET LOCAL lock_timeout TO 1000; ALTER TABLE t ADD a int',
      "SELECT set_config('lock_timeout', '1s', false); ALTER TABLE t ADD a int",
      'CREATE INDEX CONCURRENTLY i ON t (a)',
      'ALTER TABLE t VALIDATE CONSTRAINT c',
    ],
    fresh: 'ALTER TABLE t ADD a int',
  },
  'unbounded-data-change': {
    bad: ['UPDATE t SET a = 1', 'DELETE FROM s.t'],
    good: ['UPDATE t SET a = 1 WHERE id < 100', 'INSERT INTO t SELECT 1'],
    fresh: 'UPDATE t SET a = 1',
  },
  'opaque-statement': {
    bad: [
      'DO $$ BEGIN EXECUTE $x$DROP TABLE t$x$; END $$',
      'CALL f(1)',
      'EXECUTE prepared(1)',
      "SELECT create_hypertable('t', 'at')",
      "SELECT pg_catalog.lo_import('/etc/passwd')",
      'SELECT audit.now()',
      'DO $$ BEGIN DROP TABLE t; EXCEPTION WHEN duplicate_object THEN null; END $$',
    ],
    good: [
      'SELECT lower(a), count(*) FROM t',
      "SELECT pg_catalog.set_config('search_path', '', false)",
      "SELECT setval('s', 1)",
      "DO $$ BEGIN CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN null; END $$",
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    ],
  },
  'ban-uncommitted-transaction': {
    bad: ['BEGIN; SELECT 1', 'START TRANSACTION'],
    good: ['BEGIN; SELECT 1; COMMIT', 'BEGIN; ROLLBACK', 'SELECT 1'],
  },
  'transaction-nesting': {
    bad: ['BEGIN; BEGIN; COMMIT', 'COMMIT', 'BEGIN; COMMIT; ROLLBACK'],
    good: ['BEGIN; SELECT 1; COMMIT', 'BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT'],
  },
  'adding-enum-value-in-transaction': {
    bad: ["ALTER TYPE mood ADD VALUE 'calm'; UPDATE t SET m = 'calm' WHERE id = 1"],
    good: [
      "ALTER TYPE mood ADD VALUE 'calm'; UPDATE t SET m = 'glad' WHERE id = 1",
      "ALTER TYPE mood ADD VALUE 'calm'; COMMIT; UPDATE t SET m = 'calm' WHERE id = 1",
    ],
    options: inTransaction,
  },
  'require-enum-value-ordering': {
    bad: ["ALTER TYPE mood ADD VALUE 'x'"],
    good: ["ALTER TYPE mood ADD VALUE 'x' AFTER 'y'", "ALTER TYPE mood RENAME VALUE 'x' TO 'y'"],
  },
  'identifier-too-long': {
    bad: [`CREATE TABLE ${'x'.repeat(64)} (a int)`, `ALTER TABLE t ADD COLUMN "${'é'.repeat(32)}" int`],
    good: [
      `CREATE TABLE ${'x'.repeat(63)} (a int)`,
      `COMMENT ON TABLE t IS '${'x'.repeat(99)}'`,
      `SELECT 1 -- ${'x'.repeat(99)}\n, 2`,
    ],
  },
  'ban-char-field': {
    bad: ['CREATE TABLE n (a char(3))', 'ALTER TABLE t ADD a char'],
    good: ['CREATE TABLE n (a text)', 'CREATE TABLE n (a "char_like")'],
  },
  'prefer-bigint-over-int': {
    bad: ['CREATE TABLE n (a int)', 'CREATE TABLE n (a serial)'],
    good: ['CREATE TABLE n (a bigint)', 'CREATE TABLE n (a int[])'],
  },
  'prefer-bigint-over-smallint': {
    bad: ['CREATE TABLE n (a smallint)'],
    good: ['CREATE TABLE n (a bigint)'],
  },
  'prefer-identity': {
    bad: ['CREATE TABLE n (a bigserial)'],
    good: ['CREATE TABLE n (a bigint GENERATED ALWAYS AS IDENTITY)'],
  },
  'prefer-jsonb': {
    bad: ['ALTER TABLE t ADD a json', 'CREATE TABLE n (a json)'],
    good: ['ALTER TABLE t ADD a jsonb'],
  },
  'prefer-text-field': {
    bad: ['CREATE TABLE n (a varchar(10))'],
    good: ['CREATE TABLE n (a varchar, b text)'],
  },
  'prefer-timestamptz': {
    bad: ['CREATE TABLE n (a timestamp, b timestamp(3))'],
    good: ['CREATE TABLE n (a timestamptz)'],
  },
  'prefer-robust-stmts': {
    bad: ['CREATE TABLE n (a int)', 'ALTER TABLE t ADD a int', 'DROP INDEX CONCURRENTLY i'],
    good: [
      'CREATE TABLE IF NOT EXISTS n (a int)',
      'BEGIN; CREATE TABLE n (a int); COMMIT',
      'ALTER TABLE t DROP COLUMN IF EXISTS a',
    ],
  },
  'wide-index': {
    bad: ['CREATE INDEX i ON t (a, b, c, d)'],
    good: ['CREATE INDEX i ON t (a, b, c)', 'CREATE UNIQUE INDEX i ON t (a, b, c, d)'],
  },
  'suppression-without-reason': {
    bad: [
      '-- squawk-ignore ban-drop-table\nDROP TABLE t',
      '-- theseus:ignore ban-drop-table\nDROP TABLE t',
      '-- theseus:ignore ban-drop-table: \nDROP TABLE t',
    ],
    good: [
      '-- theseus:ignore ban-drop-table: empty since March\nDROP TABLE t',
      '-- squawk-ignore some-rule-of-squawk\nDROP TABLE t',
    ],
  },
  'unused-suppression': {
    bad: [
      '-- theseus:ignore ban-drop-table: x\nSELECT 1',
      '-- theseus:ignore no-such-rule: x\nSELECT 1',
      'SELECT 1;\n-- theseus:ignore ban-drop-table: x',
    ],
    good: [
      '-- theseus:ignore ban-drop-table: x\nDROP TABLE t',
      "SELECT '-- theseus:ignore ban-drop-table: x'",
    ],
  },
};

describe('rules', () => {
  it('all have cases here, and ids and aliases that no other rule has', () => {
    expect(Object.keys(cases)).toEqual(rules.map(({ id }) => id));
    const names = rules.flatMap(({ id, aliases = [] }) => [
      id,
      ...aliases.filter((alias) => alias !== 'prefer-big-int'),
    ]);
    expect(new Set(names).size).toBe(names.length);
    expect(ruleById.get('require-lock-timeout')?.id).toBe('require-timeout-settings');
  });

  for (const [id, { bad, good, fresh, options }] of Object.entries(cases)) {
    it.each(bad)(`${id} finds %s`, async (sql) => expect(await rulesFor(sql, options)).toContain(id));
    it.each(good)(`${id} is content with %s`, async (sql) =>
      expect(await rulesFor(sql, options)).not.toContain(id),
    );
    if (fresh !== undefined) {
      it(`${id} knows tables of the same file`, async () => {
        expect(await rulesFor(fresh, options)).toContain(id);
        expect(
          await rulesFor(`CREATE TABLE t (a int); CREATE TABLE other.t (a int); ${fresh}`, options),
        ).not.toContain(id);
        expect(await rulesFor(`CREATE TABLE other.t (a int); ${fresh}`, options)).toContain(id);
      });
    }
  }
});
