import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { flywayChecksum, sha256 } from '../../import/checksums.ts';
import { compareHistory } from '../../import/compare.ts';
import { entriesOf } from '../../import/files.ts';
import type { ImportTool } from '../../import/schemas.ts';
import { openSession, type Session } from './connection.ts';
import { readHistory } from './history.ts';

let session: Session;
let sql: pg.Client;
beforeAll(async () => {
  const url = await createDatabase('history');
  session = await openSession(url, { applicationName: 'test' });
  sql = new pg.Client({ connectionString: url });
  await sql.connect();
  await sql.query('CREATE SCHEMA shop');
});
afterAll(async () => {
  await session.close();
  await sql.end();
});

async function states(tool: ImportTool, files: Record<string, string>): Promise<Record<string, string>> {
  const history = await readHistory(session, tool, 'shop');
  const found = entriesOf(
    tool,
    Object.entries(files).map(([path, text]) => ({ path, text })),
  );
  const { migrations } = compareHistory(tool, history, found, 'refuse');
  return Object.fromEntries(
    migrations.map(({ id, state, verified }) => [id, verified ? `${state}, verified` : state]),
  );
}

// The tables are as the tools make them: Flyway's PostgreSQL database, Liquibase's documentation of its table, Prisma's
// schema engine and pgroll's pkg/state/init.sql. Drizzle's own migrator makes its table here.
describe('the history that a tool keeps', () => {
  it('is not there: the table is named', async () => {
    await expect(readHistory(session, 'flyway', 'shop')).rejects.toMatchObject({
      name: 'NotFound',
      message: expect.stringContaining('"shop"."flyway_schema_history"'),
    });
  });

  it('of Flyway: versions, repeatables, a baseline, an undo and a failure', async () => {
    await sql.query(`CREATE TABLE shop.flyway_schema_history (installed_rank integer NOT NULL PRIMARY KEY, version varchar(50),
      description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum integer,
      installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time integer NOT NULL, success boolean NOT NULL)`);
    const text = 'CREATE TABLE a ();\r\n-- ü\n';
    const rows: [string | null, string, string, string | null, boolean][] = [
      ['0', 'baseline', 'BASELINE', null, true],
      ['1', 'a', 'SQL', flywayChecksum(text), true],
      ['1.02', 'b', 'SQL', '17', true],
      ['3', 'c', 'SQL', '18', true],
      ['3', 'c', 'UNDO_SQL', '19', true],
      [null, 'views', 'SQL', '20', true],
      ['5', 'e', 'SQL', '21', false],
    ];
    for (const [at, [version, description, type, checksum, success]] of rows.entries())
      await sql.query(
        'INSERT INTO shop.flyway_schema_history VALUES ($1, $2, $3, $4, $3, $5, $6, now(), 1, $7)',
        [at, version, description, type, checksum, 'me', success],
      );
    expect(
      await states('flyway', {
        'V1__a.sql': text,
        'V1_2__b.sql': 'other',
        'V3__c.sql': '',
        'V4__d.sql': '',
        'V5__e.sql': '',
        'V6__f.sql': '',
        'R__views.sql': 'new',
      }),
    ).toEqual({
      '0': 'applied',
      '1': 'applied, verified',
      '1.2': 'changed',
      '3': 'out_of_order',
      '4': 'out_of_order',
      '5': 'failed',
      '6': 'pending',
      'R views': 'pending',
    });
  });

  it('of Liquibase, whose checksums are not verified', async () => {
    await sql.query(`CREATE TABLE shop.databasechangelog (id varchar(255) NOT NULL, author varchar(255) NOT NULL, filename varchar(255) NOT NULL,
      dateexecuted timestamp NOT NULL, orderexecuted integer NOT NULL, exectype varchar(10) NOT NULL, md5sum varchar(35), description varchar(255),
      comments varchar(255), tag varchar(255), liquibase varchar(20), contexts varchar(255), labels varchar(255), deployment_id varchar(10));
      INSERT INTO shop.databasechangelog VALUES ('1', 'ann', 'classpath:db/a.sql', now(), 1, 'EXECUTED', '9:0123'), ('2', 'ann', 'db/a.sql', now(), 2, 'EXECUTED', '9:4567')`);
    const text = '--liquibase formatted sql\n--changeset ann:1\nSELECT 1;\n--changeset ann:3\nSELECT 3;';
    expect(await states('liquibase', { 'changes/a.sql': text })).toEqual({
      'a.sql::1::ann': 'applied',
      'a.sql::2::ann': 'missing',
      'a.sql::3::ann': 'pending',
    });
  });

  it('of Prisma: the last try of each migration', async () => {
    await sql.query(`CREATE TABLE shop._prisma_migrations (id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz,
      migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`);
    await sql.query(
      `INSERT INTO shop._prisma_migrations (id, checksum, migration_name, finished_at, rolled_back_at, started_at) VALUES
       ('a', 'x', '1_a', NULL, now(), '2026-01-01'), ('b', $1, '1_a', now(), NULL, '2026-01-02'), ('c', 'x', '2_b', NULL, NULL, '2026-01-03')`,
      [sha256('SELECT 1;\n')],
    );
    const files = { '1_a/migration.sql': 'SELECT 1;\n', '2_b/migration.sql': '', '3_c/migration.sql': '' };
    expect(await states('prisma', files)).toEqual({
      '1_a': 'applied, verified',
      '2_b': 'failed',
      '3_c': 'pending',
    });
  });

  it('of Drizzle, as its own migrator writes it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'theseus-import-'));
    const journal = (...tags: string[]) =>
      JSON.stringify({
        version: '7',
        dialect: 'postgresql',
        entries: tags.map((tag, idx) => ({ idx, version: '7', when: 1_000 + idx, tag, breakpoints: true })),
      });
    mkdirSync(join(folder, 'meta'));
    const first = 'CREATE TABLE notes (id int);\n--> statement-breakpoint\nSELECT 1;';
    writeFileSync(join(folder, 'meta', '_journal.json'), journal('0000_notes'));
    writeFileSync(join(folder, '0000_notes.sql'), first);
    await migrate(drizzle(sql), { migrationsFolder: folder });
    rmSync(folder, { recursive: true });
    const files = { 'meta/_journal.json': journal('0000_notes', '0001_more'), '0001_more.sql': '' };
    expect(await states('drizzle', { ...files, '0000_notes.sql': first })).toEqual({
      '1000': 'applied, verified',
      '1001': 'pending',
    });
    expect(await states('drizzle', { ...files, '0000_notes.sql': 'other' })).toMatchObject({
      '1000': 'changed',
    });
  });

  it('of pgroll: its own migrations, and what it saw others do', async () => {
    await sql.query(`CREATE SCHEMA pgroll; CREATE TABLE pgroll.migrations (schema name NOT NULL, name text NOT NULL, migration jsonb NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), parent text, done boolean NOT NULL DEFAULT false,
      resulting_schema jsonb NOT NULL DEFAULT '{}', migration_type varchar(32) DEFAULT 'pgroll', PRIMARY KEY (schema, name));
      INSERT INTO pgroll.migrations (schema, name, migration, done, migration_type, created_at) VALUES
      ('shop', '01_a', '{"name": "01_a", "operations": [{"drop_table": {"name": "x"}}]}', true, 'pgroll', '2026-01-01'),
      ('shop', '01_a_2026', '{"operations": [{"sql": {"up": "DROP TABLE y"}}]}', true, 'inferred', '2026-01-02'),
      ('shop', '02_b', '{"operations": [{"drop_table": {"name": "z"}}]}', true, 'pgroll', '2026-01-03'),
      ('other', '09_z', '{"operations": []}', true, 'pgroll', '2026-01-03')`);
    const files = {
      '01_a.yaml': 'operations:\n  - drop_table: { name: x }\n',
      '02_b.json': '{"operations": [{"drop_table": {"name": "other"}}]}',
      '03_c.yaml': 'operations: []',
    };
    expect(await states('pgroll', files)).toEqual({
      '01_a': 'applied, verified',
      '01_a_2026': 'applied',
      '02_b': 'changed',
      '03_c': 'pending',
    });
  });
});
