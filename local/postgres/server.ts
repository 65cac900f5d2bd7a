import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { installedPostgres, programIn } from './binaries.ts';
import { chooseHome, type Home } from './home.ts';
import { isAlive, readPostmaster, serves } from './postmaster.ts';

export type PostgresOptions = {
  /** Holds the data, the password and the log; created when missing, kept between starts. */
  directory: string;
  /** 0 or absent: the port of the last start when it is free, else any. */
  port?: number;
  /** postgresql.conf settings on top of ours; `fsync: 'off'` gives up durability for the speed of tests. */
  settings?: Record<string, string | number>;
  /** The npm package that brings the programs; absent: the major that Theseus comes with. */
  release?: string | undefined;
};

export type Postgres = {
  /** Superuser URL of the database `postgres`; it contains the password. */
  url: string;
  port: number;
  pid: number;
  /** Whether this server was already running, left behind by a process that was killed. */
  reused: boolean;
  /** Fast shutdown: clients are disconnected, everything committed is on disk. At most 30 s. */
  stop(): Promise<void>;
};

const START_LIMIT_MS = 60_000;
const environment = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
const lastStart = z.object({
  port: z.number().int(),
  settings: z.record(z.string(), z.union([z.string(), z.number()])),
});

const ours: Record<string, string | number> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 200,
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  wal_level: 'logical',
  max_prepared_transactions: 20,
  shared_preload_libraries: 'pg_stat_statements',
  logging_collector: 'off',
  log_min_messages: 'warning',
};

/**
 * Starts the PostgreSQL that npm installed and waits until it accepts connections on 127.0.0.1. A server left behind
 * by a killed process is taken over when it runs with the same settings, else stopped and started again.
 * @throws Error with the end of the server's log when it does not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const home = chooseHome(options.directory, installedPostgres(options.release));
  const data = join(home.folder, 'data');
  const settings = { ...ours, ...options.settings };
  if (
    !existsSync(
      join(
        home.native,
        'lib',
        'postgresql',
        `pg_stat_statements.${process.platform === 'win32' ? 'dll' : process.platform === 'darwin' ? 'dylib' : 'so'}`,
      ),
    )
  ) {
    if (settings.shared_preload_libraries === 'pg_stat_statements') settings.shared_preload_libraries = '';
  }
  if (!existsSync(data)) initialise(home, data, settings.fsync === 'off');
  const password = readFileSync(join(home.folder, 'password'), 'utf8').trim();
  const urlAt = (port: number) => `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const former = formerStart(home);

  const left = readPostmaster(data);
  if (left && isAlive(left.pid)) {
    if (await becomesReady(data, left.pid, urlAt(left.port))) {
      const same =
        JSON.stringify(former?.settings) === JSON.stringify(settings) &&
        (!options.port || options.port === left.port);
      if (same) return running(home, data, left.pid, left.port, urlAt(left.port), true);
      await stopServer(home, data, left.pid);
    } else {
      // The number belongs to another process by now; PostgreSQL would take the file for a running server.
      rmSync(join(data, 'postmaster.pid'), { force: true });
    }
  }

  for (let attempt = 1; ; attempt += 1) {
    const port = options.port || (await freePort(attempt === 1 ? former?.port : undefined));
    writeFileSync(join(home.folder, 'last-start.json'), JSON.stringify({ port, settings }), { mode: 0o600 });
    const pid = launch(home, data, { ...settings, port });
    const onExit = () => isAlive(pid) && process.kill(pid, 'SIGINT');
    process.once('exit', onExit);
    const ready = await becomesReady(data, pid, urlAt(port));
    process.off('exit', onExit);
    if (ready) return running(home, data, pid, port, urlAt(port), false);
    const log = readFileSync(join(home.folder, 'server.log'), 'utf8').trim().split('\n').slice(-8).join('\n');
    const portTaken = /could not bind|Address already in use/.test(log);
    if (!portTaken || options.port || attempt === 5) {
      throw new Error(
        `PostgreSQL did not start${portTaken ? ` because port ${port} is taken` : ''}. The end of ${join(home.folder, 'server.log')}:\n${log}`,
      );
    }
  }
}

function formerStart(home: Home): z.infer<typeof lastStart> | undefined {
  try {
    return lastStart.parse(JSON.parse(readFileSync(join(home.folder, 'last-start.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

function checked(what: string, result: SpawnSyncReturns<string>): void {
  if (result.error) throw new Error(`${what} could not be run: ${result.error.message}`);
  if (result.status !== 0)
    throw new Error(
      `${what} failed (${result.signal ?? result.status}): ${(result.stderr || result.stdout).trim()}`,
    );
}

/** Makes an empty cluster beside its final place and moves it there when it is whole. */
function initialise(home: Home, data: string, fast: boolean): void {
  const unfinished = `${data}.unfinished`;
  const passwordFile = join(home.folder, 'password');
  const given = `${passwordFile}.unfinished`;
  const password = randomBytes(24).toString('base64url');
  rmSync(unfinished, { recursive: true, force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  writeFileSync(given, password, { mode: 0o600 });
  mkdirSync(unfinished, { mode: 0o700 });
  if (home.identity)
    for (const path of [given, unfinished]) chownSync(path, home.identity.uid, home.identity.gid);
  const args = ['-D', unfinished, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${given}`, '-E', 'UTF8'];
  args.push(
    '--locale=C',
    ...(majorOf(home) >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
    ...(fast ? ['--no-sync'] : []),
  );
  const options = {
    ...home.identity,
    cwd: home.folder,
    env: environment,
    encoding: 'utf8' as const,
    timeout: START_LIMIT_MS,
  };
  checked('initdb', spawnSync(programIn(home.native, 'initdb'), args, options));
  rmSync(given, { force: true });
  renameSync(unfinished, data);
}

/** As the programs say it: `postgres (PostgreSQL) 18.4`. */
function majorOf(home: Home): number {
  const options = { ...home.identity, cwd: '/', encoding: 'utf8' as const, timeout: 10_000 };
  const { stdout } = spawnSync(programIn(home.native, 'postgres'), ['--version'], options);
  return Number(/\) (\d+)/.exec(stdout)?.[1] ?? 0);
}

function launch(home: Home, data: string, settings: Record<string, string | number>): number {
  const log = openSync(join(home.folder, 'server.log'), 'a', 0o600);
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // Its own process group: Ctrl-C in the terminal is for us, and we then stop the server in order.
  const child = spawn(programIn(home.native, 'postgres'), ['-D', data, ...flags], {
    ...home.identity,
    cwd: home.folder,
    env: environment,
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.on('error', () => {});
  child.unref();
  closeSync(log);
  if (!child.pid) throw new Error(`PostgreSQL could not be started from ${home.native}.`);
  return child.pid;
}

/** Waits until the server with this pid serves `data`; false when it ended, or was never this server. */
async function becomesReady(data: string, pid: number, url: string): Promise<boolean> {
  const until = Date.now() + START_LIMIT_MS;
  while (Date.now() < until) {
    const seen = readPostmaster(data);
    if (seen?.pid === pid && seen.ready) return serves(url, data);
    if (!isAlive(pid)) return false;
    await pause(10);
  }
  return false;
}

function running(
  home: Home,
  data: string,
  pid: number,
  port: number,
  url: string,
  reused: boolean,
): Postgres {
  const onExit = () => {
    if (readPostmaster(data)?.pid === pid) process.kill(pid, 'SIGINT');
  };
  process.once('exit', onExit);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    process.off('exit', onExit);
    stopped ??= stopServer(home, data, pid);
    return stopped;
  };
  return { url, port, pid, reused, stop };
}

async function stopServer(home: Home, data: string, pid: number): Promise<void> {
  if (readPostmaster(data)?.pid !== pid) return;
  const options = { ...home.identity, cwd: home.folder, env: environment, stdio: 'ignore' as const };
  const child = spawn(
    programIn(home.native, 'pg_ctl'),
    ['stop', '-D', data, '-m', 'fast', '-w', '-t', '30', '-s'],
    options,
  );
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0 && readPostmaster(data)?.pid === pid)
    throw new Error(
      `PostgreSQL (pid ${pid}) did not stop within 30 s; see ${join(home.folder, 'server.log')}.`,
    );
}

function freePort(wanted?: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => (wanted ? freePort().then(resolve, reject) : reject(error)));
    probe.listen(wanted ?? 0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
