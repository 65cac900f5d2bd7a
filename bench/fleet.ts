import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readTokens } from '#local/http/tokens.ts';
import { holderOf } from '#local/lock.ts';
import { startPostgres } from '#local/postgres/server.ts';
import { Fleet } from '#migrations/fleet/schemas.ts';
import { execute } from './fixture.ts';

// One migration over many small schemas of one server, with the platform killed in the middle. See docs/benchmarks.md.

const { values: flags } = parseArgs({
  options: {
    schemas: { type: 'string', default: '5000' },
    rows: { type: 'string', default: '20' },
    parallel: { type: 'string', default: '2' },
    kill: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
  },
  allowNegative: true,
});
const schemas = Number(flags.schemas);
const rows = Number(flags.rows);
const parallel = Number(flags.parallel);
if (![schemas, rows, parallel].every((number) => Number.isSafeInteger(number) && number > 0)) {
  console.error('--schemas, --rows and --parallel are whole numbers above 0.');
  process.exit(2);
}

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
  platform?.kill('SIGKILL');
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
};
process.once('SIGINT', () => void stop().then(() => process.exit(130)));

let address = { url: '', token: '' };
async function start(): Promise<void> {
  const program = fileURLToPath(new URL('../cli/theseus.ts', import.meta.url));
  const child = spawn(process.execPath, [program, '--directory', data, 'dev', '--port', '0'], {
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

async function run(): Promise<object> {
  await makeSchemas();
  await start();
  await ask('POST', '/databases', { name: 'shop', url: server.url });
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
  const began = performance.now();
  await ask('POST', `${path}/start`, {});
  let killed = !flags.kill;
  let downMs = 0;
  for (;;) {
    await pause(lookEveryMs);
    const fleet = Fleet.parse(await ask('GET', path));
    if (!flags.json) console.error(`${fleet.counts.done} of ${fleet.total} done, ${fleet.status}`);
    if (!killed && fleet.counts.done >= schemas / 2) {
      killed = true;
      const died = performance.now();
      const gone = new Promise((resolve) => platform?.once('exit', resolve));
      platform?.kill('SIGKILL');
      await gone;
      await start();
      downMs = performance.now() - died;
      continue;
    }
    if (!['running', 'baking'].includes(fleet.status)) {
      const ms = performance.now() - began;
      const { counts, failures, waves } = fleet;
      return {
        schemas,
        rows,
        parallel,
        status: fleet.status,
        counts,
        failures,
        seconds: Math.round(ms / 1_000),
        msASchema: Math.round(ms / schemas),
        killed: flags.kill,
        downMs: Math.round(downMs),
        p50Ms: waves.at(-1)?.p50Ms,
        p99Ms: waves.at(-1)?.p99Ms,
        machine: { cpus: cpus().length, model: cpus()[0]?.model, load: loadavg()[0] },
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
