import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { readTokens } from '#local/http/tokens.ts';
import { holderOf } from '#local/lock.ts';
import { startPostgres } from '#local/postgres/server.ts';
import { Fleet } from '#migrations/fleet/schemas.ts';
import { execute } from './fixture.ts';
import { memoryOf, processorMs, processorMsOfAll } from './processor.ts';
import { machine, wholeNumbers } from './server.ts';

// One migration over many small schemas of one server, with the platform killed in the middle. See docs/benchmarks.md.

const { values: flags } = parseArgs({
  options: {
    schemas: { type: 'string', default: '5000' },
    rows: { type: 'string', default: '20' },
    parallel: { type: 'string', default: '2' },
    kill: { type: 'boolean', default: true },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  allowNegative: true,
});
const { schemas, rows, parallel } = wholeNumbers({
  schemas: flags.schemas,
  rows: flags.rows,
  parallel: flags.parallel,
});

const directory = mkdtempSync(join(tmpdir(), 'theseus-bench-'));
// Run by root, the server is another user, who must be able to enter.
chmodSync(directory, 0o755);
const data = join(directory, 'platform');
const server = await startPostgres({
  directory: join(directory, 'postgres'),
  settings: { shared_buffers: '512MB', max_wal_size: '4GB', max_locks_per_transaction: 256 },
});
let platform: ChildProcess | undefined;
const stop = async () => {
  if (flags.profile !== undefined && platform?.exitCode === null) {
    // A profile is written by a process that ends by itself.
    const gone = new Promise((resolve) => platform?.once('exit', resolve));
    platform.kill('SIGTERM');
    await gone;
  }
  platform?.kill('SIGKILL');
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
};
process.once('SIGINT', () => void stop().then(() => process.exit(130)));

let address = { url: '', token: '' };
async function start(): Promise<void> {
  const program = fileURLToPath(new URL('../cli/theseus.ts', import.meta.url));
  const profile = flags.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', flags.profile];
  const child = spawn(process.execPath, [...profile, program, '--directory', data, 'dev', '--port', '0'], {
    stdio: 'ignore',
    env: { ...process.env, LOG_LEVEL: 'ERROR', POWERTOOLS_LOG_LEVEL: 'ERROR' },
  });
  platform = child;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the platform ended with ${child.exitCode}`);
    const holder = await holderOf(data);
    if (holder?.url !== undefined && holder.pid === child.pid) {
      address = { url: holder.url, token: (await readTokens(data))[0]?.token ?? '' };
      return;
    }
    await pause(50);
  }
}

async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(address.url + path, {
    method,
    headers: {
      authorization: `Bearer ${address.token}`,
      'content-type': 'application/json',
      ...(method === 'POST' ? { 'idempotency-key': `bench-${path}-${Date.now()}` } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

const perStatement = 100;
async function makeSchemas(): Promise<void> {
  const numbers = Array.from({ length: schemas }, (_, at) => at + 1);
  const made = numbers.map(
    (n) => `CREATE SCHEMA tenant_${n};
      CREATE TABLE tenant_${n}.customers (id bigint PRIMARY KEY, name text NOT NULL, email text);
      INSERT INTO tenant_${n}.customers SELECT g, 'Ada ' || g, 'a' || g FROM generate_series(1, ${rows}) g`,
  );
  const together = [];
  for (let at = 0; at < made.length; at += perStatement) {
    together.push(made.slice(at, at + perStatement).join(';'));
  }
  await execute(server.url, ...together, 'ANALYZE');
}

const file = `operations:
  - add_column:
      table: customers
      column: { name: tier, type: text, nullable: false }
      up: "CASE WHEN email LIKE 'a1%' THEN 'gold' ELSE 'free' END"
`;

const lookEveryMs = 2_000;

/** Processor time of platforms that were killed, ms. */
let formerMs = 0;
/** Largest memory that the platform was seen with, bytes. */
let memory = 0;

/** Processor time so far, of the platform and of PostgreSQL, ms; 0 where there is no /proc to read it from. */
const processorNow = () => ({
  platform: formerMs + (processorMs(platform?.pid ?? 0) ?? 0),
  postgresql: processorMsOfAll(server.pid) ?? 0,
});

/** Ends the platform as a power cut would, and starts it again on what it left. Returns ms without a platform. */
async function killAndStart(): Promise<number> {
  const began = performance.now();
  formerMs = processorNow().platform;
  const gone = new Promise((resolve) => platform?.once('exit', resolve));
  platform?.kill('SIGKILL');
  await gone;
  await start();
  return performance.now() - began;
}

/** Targets that the database itself does not show migrated: the column there, filled, NOT NULL, and the version's view. */
async function notMigrated(): Promise<number> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    const { rows: found } = await client.query<{ migrated: number }>(
      `SELECT count(*)::int AS migrated FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname ~ '^tenant_[0-9]+$' AND c.relname = 'customers' AND a.attname = 'tier' AND a.attnotnull
         AND EXISTS (SELECT FROM pg_namespace v JOIN pg_class w ON w.relnamespace = v.oid
           WHERE v.nspname = n.nspname || '_01_tier' AND w.relname = 'customers' AND w.relkind = 'v')`,
    );
    return schemas - (found[0]?.migrated ?? 0);
  } finally {
    await client.end();
  }
}

async function run(): Promise<object> {
  await makeSchemas();
  await start();
  await ask('POST', '/databases', { name: 'shop', url: server.url });
  const before = processorNow();
  const began = performance.now();
  const planned = Fleet.parse(
    await ask('POST', '/migration-fleets', {
      file,
      fileName: '01_tier.yaml',
      targets: { databases: ['shop'], schemas: 'tenant\\_%' },
      concurrency: parallel,
      bakeSeconds: 0,
    }),
  );
  const path = `/migration-fleets/${planned.id}`;
  await ask('POST', `${path}/start`, {});
  let killed = false;
  let downMs = 0;
  for (;;) {
    await pause(lookEveryMs);
    const fleet = Fleet.parse(await ask('GET', path));
    const ms = performance.now() - began;
    const now = processorNow();
    memory = Math.max(memory, memoryOf(platform?.pid ?? 0) ?? 0);
    const { done } = fleet.counts;
    const each = (total: number) => Math.round(total / Math.max(1, done));
    const spent = {
      platform: each(now.platform - before.platform),
      postgresql: each(now.postgresql - before.postgresql),
    };
    console.error(
      `${Math.round(ms / 1_000)} s: ${done} of ${fleet.total} done, ${fleet.counts.failed} failed, ${fleet.status}; ` +
        `${each(ms)} ms a schema, processor ${spent.platform} + ${spent.postgresql} ms, ${Math.round(memory / 2 ** 20)} MiB`,
    );
    if (flags.kill && !killed && done >= schemas / 2 && done < schemas) {
      killed = true;
      downMs = await killAndStart();
      console.error(`killed with ${done} done; up again after ${Math.round(downMs)} ms`);
      continue;
    }
    if (!['running', 'baking'].includes(fleet.status)) {
      const { counts, failures, waves } = fleet;
      return {
        schemas,
        seconds: Math.round(ms / 1_000),
        ms_per_schema: Math.round(ms / schemas),
        lost: Math.max(schemas - counts.done - counts.failed, (await notMigrated()) - counts.failed),
        killed_in_the_middle: killed,
        status: fleet.status,
        done: counts.done,
        failed: counts.failed,
        failures,
        platform_processor_ms_per_schema: spent.platform,
        postgresql_processor_ms_per_schema: spent.postgresql,
        platform_memory_mib: Math.round(memory / 2 ** 20),
        down_ms: Math.round(downMs),
        p50_ms: waves.at(-1)?.p50Ms,
        p99_ms: waves.at(-1)?.p99Ms,
        rows,
        parallel,
        load: loadavg()[0],
        ...machine,
      };
    }
  }
}

try {
  const result = await run();
  console.log(JSON.stringify(result, null, flags.json ? undefined : 2));
} finally {
  await stop();
}
