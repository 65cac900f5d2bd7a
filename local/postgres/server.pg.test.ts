import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { isAlive, readPostmaster } from './postmaster.ts';
import { type Postgres, startPostgres } from './server.ts';
import { createDatabase } from './shared.ts';

const fast = { fsync: 'off', shared_buffers: '16MB' };
const directories: string[] = [];
const servers: Postgres[] = [];

function fresh(parent = tmpdir()): string {
  const directory = mkdtempSync(join(parent, 'postgres-'));
  directories.push(directory);
  return directory;
}

async function start(
  directory: string,
  options: { port?: number; settings?: Record<string, string> } = {},
): Promise<Postgres> {
  const server = await startPostgres({ directory, settings: fast, ...options });
  servers.push(server);
  return server;
}

async function ask<T>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  for (const directory of directories.splice(0)) {
    const note = join(directory, 'data-is-in');
    if (existsSync(note)) rmSync(readFileSync(note, 'utf8').trim(), { recursive: true, force: true });
    rmSync(directory, { recursive: true, force: true });
  }
});

/** Starts a server from a process of its own and kills that process without warning. */
async function startAndKill(directory: string): Promise<number> {
  const script = `import { startPostgres } from ${JSON.stringify(join(import.meta.dirname, 'server.ts'))};
    const s = await startPostgres({ directory: ${JSON.stringify(directory)}, settings: ${JSON.stringify(fast)} });
    console.log(s.pid); process.kill(process.pid, 'SIGKILL');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return Number(printed);
}

describe('the embedded PostgreSQL', () => {
  it('keeps data, password and port between starts, and listens on loopback only', async () => {
    const directory = fresh();
    const first = await start(directory);
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const settings = await ask<{ name: string; setting: string }>(
      first.url,
      "SELECT name, setting FROM pg_settings WHERE name IN ('listen_addresses','wal_level','max_prepared_transactions','unix_socket_directories','fsync')",
    );
    expect(Object.fromEntries(settings.map((row) => [row.name, row.setting]))).toEqual({
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      wal_level: 'logical',
      max_prepared_transactions: '20',
      fsync: 'off',
    });
    await ask(first.url, 'CREATE EXTENSION pg_stat_statements');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start(directory);
    expect(second.url).toBe(first.url);
    expect(second.reused).toBe(false);
    expect(await ask(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await expect(ask(second.url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(
      /password authentication failed/,
    );
  });

  it('takes over the server of a killed process, or restarts it when the settings differ', async () => {
    const directory = fresh();
    const pid = await startAndKill(directory);
    expect(isAlive(pid)).toBe(true);
    const again = await start(directory);
    expect(again).toMatchObject({ pid, reused: true });
    const changed = await start(directory, { settings: { ...fast, work_mem: '7MB' } });
    expect(changed.reused).toBe(false);
    expect(changed.pid).not.toBe(pid);
    expect(await ask(changed.url, 'SHOW work_mem')).toEqual([{ work_mem: '7MB' }]);
  });

  it('starts although the former server was killed and its number is another process now', async () => {
    const directory = fresh();
    const first = await start(directory);
    const data =
      (await ask<{ data: string }>(first.url, "SELECT current_setting('data_directory') AS data"))[0]?.data ??
      '';
    const file = join(data, 'postmaster.pid');
    const lines = readFileSync(file, 'utf8').split('\n');
    await first.stop();
    writeFileSync(file, [String(process.pid), ...lines.slice(1)].join('\n'));
    const second = await start(directory);
    expect(readPostmaster(data)?.pid).toBe(second.pid);
    expect(isAlive(process.pid)).toBe(true);
  });

  it('names the port that is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await expect(start(fresh(), { port })).rejects.toThrow(`port ${port} is taken`);
    taken.close();
  });

  it.runIf(process.getuid?.() === 0)(
    'runs for root below a directory that other users cannot enter',
    async () => {
      const closed = fresh();
      const below = join(closed, 'clone');
      mkdirSync(below);
      expect(statSync(closed).mode & 0o777).toBe(0o700);
      const server = await start(below);
      expect(await ask(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      directories.unshift(below);
    },
  );
});

describe('createDatabase', () => {
  it('gives an empty database of its own each time', async () => {
    const [one, two] = await Promise.all([createDatabase('one'), createDatabase()]);
    expect(one).not.toBe(two);
    await ask(one, 'CREATE TABLE only_here ()');
    expect(await ask(two, "SELECT to_regclass('only_here') AS found")).toEqual([{ found: null }]);
  });
});
