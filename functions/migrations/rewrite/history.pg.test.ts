import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { startRun } from '../testing/run.ts';
import { historyOperation } from './history.ts';
import { rewrite } from './rewrite.ts';

const text =
  'CREATE TABLE "notes" ("id" integer PRIMARY KEY, "body" text);\n--> statement-breakpoint\nCREATE INDEX "by_body" ON "notes" ("body");';
const entry = { name: '0000_notes', text, when: 1_700_000_000_123 };

let folder: string;
let url: string;
let sql: pg.Client;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'theseus-history-'));
  url = await createDatabase('history');
  sql = new pg.Client({ connectionString: url });
  await sql.connect();
});
afterEach(async () => {
  await sql.end();
  rmSync(folder, { recursive: true });
});

async function run(tool: 'prisma' | 'drizzle') {
  const options = { file: 'a.sql', name: '01_a', schema: 'public', snapshot: null, postgresVersion: 18 };
  const made = await rewrite(text, { ...options, last: historyOperation(tool, entry) });
  if (!('yaml' in made)) throw new Error('not rewritten');
  expect(made.kept).toBe(0);
  return startRun(url, '01_a', made.yaml);
}

it('Drizzle’s own migrator finds nothing to do after it, and something after its rollback', async () => {
  mkdirSync(join(folder, 'meta'));
  writeFileSync(join(folder, '0000_notes.sql'), text);
  const journal = {
    version: '7',
    dialect: 'postgresql',
    entries: [{ idx: 0, version: '7', when: entry.when, tag: entry.name, breakpoints: true }],
  };
  writeFileSync(join(folder, 'meta', '_journal.json'), JSON.stringify(journal));
  const one = await run('drizzle');
  await one.publish();
  const ours = await sql.query('SELECT hash, created_at FROM drizzle.__drizzle_migrations');
  // Its tables stand: running it again would fail.
  await migrate(drizzle(sql), { migrationsFolder: folder });
  await one.steps(one.plan.rollback);
  await migrate(drizzle(sql), { migrationsFolder: folder });
  const theirs = await sql.query('SELECT hash, created_at FROM drizzle.__drizzle_migrations');
  expect(ours.rows).toEqual(theirs.rows);
  expect(ours.rows).toHaveLength(1);
});

it('Prisma’s table has the row that its own status looks for, once', async () => {
  const one = await run('prisma');
  await one.publish();
  const rows = async () =>
    (
      await sql.query(
        'SELECT migration_name, checksum, finished_at IS NOT NULL AS done, rolled_back_at, applied_steps_count FROM _prisma_migrations',
      )
    ).rows;
  const [row, second] = await rows();
  expect(second).toBeUndefined();
  expect(row).toMatchObject({
    migration_name: '0000_notes',
    done: true,
    rolled_back_at: null,
    applied_steps_count: 1,
  });
  expect(row.checksum).toMatch(/^[0-9a-f]{64}$/);
  await sql.query(historyOperation('prisma', entry).up);
  expect(await rows()).toHaveLength(1);
  await one.steps(one.plan.rollback);
  expect(await rows()).toEqual([]);
});
