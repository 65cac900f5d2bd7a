import { rm } from 'node:fs/promises';
import pg from 'pg';
import { type Postgres, startPostgres } from '#local/postgres/server.ts';

/**
 * A PostgreSQL for the demo. What an earlier run left in the directory and cannot be used any more is thrown away:
 * the demo's data is its own. `givenUp` tells that nobody waits any longer.
 */
export async function demoPostgres(directory: string, givenUp: () => Promise<boolean>): Promise<Postgres> {
  try {
    return await startPostgres({ directory });
  } catch (error) {
    if (await givenUp()) throw error;
    await rm(directory, { recursive: true, force: true });
    return await startPostgres({ directory });
  }
}

/** An empty database `shop`, and its URL. */
export async function freshDatabase(adminUrl: string): Promise<string> {
  await withClient(adminUrl, async (client) => {
    await client.query('DROP DATABASE IF EXISTS shop WITH (FORCE)');
    await client.query('CREATE DATABASE shop');
  });
  const url = new URL(adminUrl);
  url.pathname = '/shop';
  return url.href;
}

/** The version as the server says it. */
export const serverVersion = (url: string): Promise<string> =>
  withClient(url, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '';
  });

/** A connection of its own for some work. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'demo' });
  // Lost while idle: what comes next reports it.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
