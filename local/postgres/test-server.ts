import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { isAlive, readPostmaster } from './postmaster.ts';
import { type Postgres, startPostgres } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresBroker: string;
  }
}

const PREFIX = 'theseus-test-';

/**
 * Vitest's global set-up: a loopback address that answers with the URL of one PostgreSQL server for the whole run.
 * The server starts at the first question, so runs that need no database do not pay for one. It is not durable
 * (fsync off) and is removed after the run. THESEUS_TEST_POSTGRES names another npm package of programs.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  return serveTests(project, process.env.THESEUS_TEST_POSTGRES);
}

/** The same with the programs of another npm package. */
export async function serveTests(
  project: TestProject,
  release: string | undefined,
): Promise<() => Promise<void>> {
  removeAbandoned();
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  chmodSync(directory, 0o711); // so that the data stay below it when root runs the tests
  let server: Promise<Postgres> | undefined;
  const broker = createServer(async (_request, response) => {
    server ??= startServer(directory, release);
    try {
      response.end((await server).url);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  const address = broker.address();
  project.provide('postgresBroker', `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);
  return async () => {
    broker.close();
    await (await server)?.stop();
    remove(directory);
  };
}

async function startServer(directory: string, release: string | undefined): Promise<Postgres> {
  const server = await startPostgres({
    directory,
    release,
    settings: {
      fsync: 'off',
      full_page_writes: 'off',
      shared_buffers: '128MB',
      max_connections: 500,
      autovacuum_naptime: '5s',
      // Several moves between databases at a time, each with up to two workers a direction, begun without a pause.
      max_replication_slots: 40,
      max_wal_senders: 40,
      max_worker_processes: 40,
      max_logical_replication_workers: 24,
      wal_retrieve_retry_interval: '100ms',
    },
  });
  // Thousands of connections a run: the same password, kept in a form that is quick to check.
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    // A setting of PostgreSQL 16 and newer.
    await client.query(
      "SELECT set_config(name, '1', false) FROM pg_settings WHERE name = 'scram_iterations'",
    );
    await client.query(`ALTER ROLE postgres PASSWORD ${pg.escapeLiteral(new URL(server.url).password)}`);
  } finally {
    await client.end();
  }
  return server;
}

function remove(directory: string): void {
  const note = join(directory, 'data-is-in');
  if (existsSync(note)) rmSync(readFileSync(note, 'utf8').trim(), { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
}

/** Stops and removes the servers of runs that were killed: their folder is named after a process that is gone. */
function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-')[0] : Number.NaN);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    const directory = join(tmpdir(), name);
    const note = join(directory, 'data-is-in');
    const data = join(existsSync(note) ? readFileSync(note, 'utf8').trim() : directory, 'data');
    const left = readPostmaster(data);
    try {
      if (left?.data === data && isAlive(left.pid)) process.kill(left.pid, 'SIGQUIT');
      remove(directory);
    } catch {
      // Another run is removing it at this moment, or it belongs to another user.
    }
  }
}
