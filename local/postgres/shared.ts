import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import './test-server.ts';

const created = new Set<string>();
let serverUrl: Promise<string> | undefined;

async function server(): Promise<string> {
  serverUrl ??= fetch(inject('postgresBroker')).then(async (response) => {
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text;
  });
  return serverUrl;
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: await server() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Quicker than the log where there is a choice, from PostgreSQL 15 on. */
async function strategy(): Promise<string> {
  const client = new pg.Client({ connectionString: await server() });
  await client.connect();
  try {
    const { rows } = await client.query<{ version: number }>(
      "SELECT current_setting('server_version_num')::int AS version",
    );
    return (rows[0]?.version ?? 0) >= 150_000 ? ' STRATEGY file_copy' : '';
  } finally {
    await client.end();
  }
}

/**
 * For tests: an empty database on the run's shared PostgreSQL, dropped after this test file with whatever connections
 * are left. Returns its superuser URL; `name` only makes the database recognisable.
 */
export async function createDatabase(name = 'test'): Promise<string> {
  const database = `${name.replaceAll(/[^a-z0-9_]/gi, '_').slice(0, 40)}_${randomBytes(5).toString('hex')}`;
  await administer(`CREATE DATABASE "${database}" TEMPLATE template0${await strategy()}`);
  created.add(database);
  const url = new URL(await server());
  url.pathname = `/${database}`;
  return url.href;
}

/** Drops what was made since; drop-databases.ts calls it after every test file. */
export async function dropDatabases(): Promise<void> {
  for (const database of created) await administer(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`);
  created.clear();
}
