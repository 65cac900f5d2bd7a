import pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { openPostgres } from '../engines/postgresql/engine.ts';
import { startRun } from '../testing/run.ts';
import { shape } from '../testing/shape.ts';
import { rewrite } from './rewrite.ts';
import { cases } from './testing/cases.ts';

const open: pg.Client[] = [];
afterEach(() => Promise.all(open.splice(0).map((client) => client.end())));

async function database(setup = ''): Promise<{ url: string; sql: pg.Client }> {
  const url = await createDatabase('rewrite');
  const sql = new pg.Client({ connectionString: url });
  await sql.connect();
  open.push(sql);
  await sql.query(setup);
  return { url, sql };
}

async function snapshotOf(url: string) {
  const engine = await openPostgres(url, { applicationName: 'theseus:test' });
  try {
    return await engine.snapshot('public');
  } finally {
    await engine.close();
  }
}

/** Statement by statement, as tools do that open no transaction; a breakpoint separates nothing for the server. */
async function runPlain(sql: pg.Client, text: string): Promise<void> {
  const inTransaction = !/CONCURRENTLY|ADD VALUE/.test(text);
  if (inTransaction) await sql.query(text);
  else
    for (const statement of text.split(/;\s*(?:\n|$)/))
      if (statement.trim() !== '') await sql.query(statement);
}

/** Without version schemas, which have no counterpart. */
const tables = async (sql: pg.Client) =>
  (await shape(sql)).filter(
    (row) => typeof row === 'object' && row !== null && 'what' in row && row.what !== 'schema',
  );

/** Every row of the tables in public by column; tokens are random, times differ. */
async function rows(sql: pg.Client): Promise<Record<string, unknown[]>> {
  const { rows: names } = await sql.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  const found: Record<string, unknown[]> = {};
  for (const { name } of names) {
    const { rows: lines } = await sql.query<{ line: unknown }>(
      `SELECT to_jsonb(t) - 'token' - 'placed' AS line FROM ${pg.escapeIdentifier(name)} t ORDER BY 1`,
    );
    found[name] = lines.map(({ line }) => line);
  }
  return found;
}

it.each(cases)('$name', async ({ setup, sql: text, kinds }) => {
  const plain = await database(setup);
  await runPlain(plain.sql, text);
  const migrated = await database(setup);
  const made = await rewrite(text, {
    file: 'a.sql',
    name: '01_change',
    schema: 'public',
    snapshot: await snapshotOf(migrated.url),
    postgresVersion: 18,
  });
  if (!('operations' in made)) throw new Error(JSON.stringify(made.findings));
  expect(made.operations.map(({ kind }) => kind)).toEqual(kinds);
  const run = await startRun(migrated.url, '01_change', made.yaml);
  await run.publish();
  await run.steps([...run.plan.contract, ...run.plan.removal]);
  expect(await tables(migrated.sql)).toEqual(await tables(plain.sql));
  expect(await rows(migrated.sql)).toEqual(await rows(plain.sql));
});
