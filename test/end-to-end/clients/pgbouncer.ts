import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** A pool of transactions per version: each logs in to the server with a role of its own. */
export interface PgBouncer {
  urlOf(pool: string): string;
  stop(): Promise<void>;
}

interface Program {
  path: string;
  libraries: string | undefined;
}

const nobody = 65_534;

/**
 * PgBouncer from the PATH; otherwise Debian's package, unpacked into `folder` and not installed. Undefined with the
 * reason where neither is to be had.
 */
async function findProgram(folder: string): Promise<Program | string> {
  if (spawnSync('pgbouncer', ['--version']).status === 0) return { path: 'pgbouncer', libraries: undefined };
  const packages = ['pgbouncer', 'libevent-2.1-7', 'libc-ares2'];
  const fetched = spawnSync('apt-get', ['download', ...packages], { cwd: folder, timeout: 30_000 });
  if (fetched.status !== 0)
    return 'pgbouncer is not on the PATH and its Debian package cannot be fetched here';
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.deb')))
    if (spawnSync('dpkg', ['-x', name, 'unpacked'], { cwd: folder }).status !== 0)
      return `${name} does not unpack`;
  const path = join(folder, 'unpacked/usr/sbin/pgbouncer');
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
  const libraries = join(folder, `unpacked/usr/lib/${machine}-linux-gnu`);
  const tried = spawnSync(path, ['--version'], { env: { ...process.env, LD_LIBRARY_PATH: libraries } });
  return tried.status === 0 ? { path, libraries } : 'the unpacked pgbouncer does not run here';
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('No port is free');
}

/** Starts one with a pool for each role (all with this password), in transaction mode; a text says why it cannot. */
export async function startPgBouncer(
  server: string,
  pools: Record<string, string>,
  password: string,
): Promise<PgBouncer | string> {
  const folder = await mkdtemp(join(tmpdir(), 'theseus-pgbouncer-'));
  await chmod(folder, 0o777);
  const program = await findProgram(folder);
  if (typeof program === 'string') {
    await rm(folder, { recursive: true, force: true });
    return program;
  }
  const target = new URL(server);
  const port = await freePort();
  const databases = Object.entries(pools).map(
    ([pool, role]) =>
      `${pool} = host=${target.hostname} port=${target.port} dbname=${target.pathname.slice(1)} user=${role} password=${password}`,
  );
  const settings = [
    '[databases]',
    ...databases,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 2',
    'server_idle_timeout = 5',
  ];
  const file = join(folder, 'pgbouncer.ini');
  await writeFile(file, `${settings.join('\n')}\n`);
  await chmod(file, 0o644);
  const child = spawn(program.path, ['-q', file], {
    stdio: 'ignore',
    // It refuses to run as root.
    ...(process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}),
    env: {
      ...process.env,
      ...(program.libraries === undefined ? {} : { LD_LIBRARY_PATH: program.libraries }),
    },
  });
  const urlOf = (pool: string) => `postgresql://anyone@127.0.0.1:${port}/${pool}`;
  await ready(child, urlOf(Object.keys(pools)[0] ?? ''));
  return {
    urlOf,
    async stop() {
      child.kill('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  for (let look = 0; look < 100; look++) {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended with code ${child.exitCode}`);
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error('PgBouncer does not answer');
}
