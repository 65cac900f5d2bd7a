import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { capabilities } from '#local/capabilities.ts';
import { type Cloud, type CloudOptions, startCloud } from '#local/cloud.ts';
import type { InvocationNotice } from '#local/lambda/runtime.ts';
import { createDatabase } from '#local/postgres/shared.ts';
import { readMigration } from '#migrations/migration-store.ts';
import { Migration, type MigrationStatus } from '#migrations/schemas.ts';

/** The whole platform in this process, with a shop database to migrate. */
export interface Platform {
  cloud: Cloud;
  directory: string;
  /** Of the shop's database. */
  url: string;
  sql: (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;
  /** Sends JSON; the answer whatever its status. */
  send: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  /** Plans a file of examples/ (or given text). */
  plan: (file: string, more?: object) => Promise<Migration>;
  act: (id: string, verb: string, body?: unknown) => Promise<Migration>;
  show: (id: string) => Promise<Migration>;
  /** Polls until the migration is in one of these states; throws with its failure when it ends elsewhere. */
  until: (id: string, ...statuses: MigrationStatus[]) => Promise<Migration>;
  /** Called before and after every invocation; throwing there fails it. */
  hook: { current: ((notice: InvocationNotice) => void | Promise<void>) | undefined };
  /** Ends the platform without ceremony and starts it again over the same directory. */
  restart: (options?: Partial<CloudOptions>) => Promise<void>;
  /** While a restart has let go of the old platform and the new one is not up: resolves when it is. */
  starting: Promise<void> | undefined;
  /** Invokes a function by its short name, as its schedule would. */
  invoke: (name: string, payload?: unknown) => Promise<unknown>;
  stop: () => Promise<void>;
}

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many forms
  body: any;
  headers: Headers;
}

const resting = new Set<MigrationStatus>([
  'planned',
  'rejected',
  'completed',
  'rolled_back',
  'undone',
  'removed',
  'failed',
  'cancelled',
]);

/** Tests call the sweepers themselves, at the moment they are about. */
const unscheduled = capabilities.map((capability) => ({ ...capability, schedules: [] }));

const example = (file: string) => readFile(new URL(`../../examples/${file}`, import.meta.url), 'utf8');

const started: Platform[] = [];
/** Ends every platform of this process; stop-platforms.ts calls it after every test file. */
export async function stopAll(): Promise<void> {
  for (const platform of started.splice(0)) {
    await platform.stop();
    await rm(platform.directory, { recursive: true, force: true });
  }
}

/** A failure that nothing retries. */
export class Sabotage extends Error {
  override readonly name = 'Sabotage';
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export async function startPlatform(
  options: Partial<CloudOptions> & {
    rows?: number;
    duplicate?: 'concurrently' | 'sequentially';
    /** What the shop's database is registered with; by default its URL. */
    connection?: (url: string) => Promise<object>;
  } = {},
): Promise<Platform> {
  // One platform runs in a process at a time.
  await stopAll();
  const { rows = 500, duplicate, connection, ...cloudOptions } = options;
  const hook: Platform['hook'] = { current: undefined };
  const drill = { duplicate, onInvoke: (notice: InvocationNotice) => hook.current?.(notice) };
  const directory = await mkdtemp(join(tmpdir(), 'theseus-test-'));
  const url = await createDatabase('shop');
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  // The database is dropped under the pool when the file ends.
  pool.on('error', () => {});
  const sql = async (text: string, values: unknown[] = []) => (await pool.query(text, values)).rows;
  await fillShop(sql, rows);
  const start = (more: Partial<CloudOptions> = {}) =>
    startCloud({
      directory,
      capabilities: unscheduled,
      port: 0,
      survives: 'process',
      drill,
      ...cloudOptions,
      ...more,
    });
  let cloud = await start();

  const platform: Platform = {
    hook,
    starting: undefined,
    get cloud() {
      return cloud;
    },
    directory,
    url,
    sql,
    async send(method, path, body, headers = {}) {
      const key = headers['idempotency-key'] ?? randomUUID();
      for (let attempt = 0; ; attempt += 1) {
        const response = await fetch(cloud.url + path, {
          method,
          headers: {
            authorization: `Bearer ${cloud.token}`,
            ...(method === 'POST' ? { 'idempotency-key': key } : {}),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        const answer = text === '' ? undefined : JSON.parse(text);
        // The drill of double delivery doubles the request, too: as clients do, ask again with the same key.
        const doubled = answer?.type === 'urn:theseus:problem:RequestInProgress';
        if (!doubled || attempt === 100) {
          return { status: response.status, body: answer, headers: response.headers };
        }
        await pause(50);
      }
    },
    async plan(file, more = {}) {
      const text = file.includes('\n') ? file : await example(file);
      const answer = await platform.send('POST', '/migrations', {
        database: 'shop',
        file: text,
        fileName: file.includes('\n') ? 'inline.yaml' : file,
        ...more,
      });
      if (answer.status !== 201) throw new Error(`not planned: ${JSON.stringify(answer.body)}`);
      return Migration.parse(answer.body);
    },
    async act(id, verb, body = {}) {
      const answer = await platform.send('POST', `/migrations/${id}/${verb}`, body);
      if (answer.status !== 200) throw new Error(`${verb} refused: ${JSON.stringify(answer.body)}`);
      return Migration.parse(answer.body);
    },
    async show(id) {
      const answer = await platform.send('GET', `/migrations/${id}`);
      if (answer.status !== 200) throw new Error(`not shown: ${JSON.stringify(answer.body)}`);
      return Migration.parse(answer.body);
    },
    async until(id, ...statuses) {
      for (let look = 0; look < 1_500; look += 1) {
        // The record alone: what the API shows beside it costs ten times as much, which the migration would miss.
        const { status, failure } = await readMigration(id);
        if (statuses.includes(status)) {
          const shown = await platform.show(id);
          if (statuses.includes(shown.status)) return shown;
        }
        const over = resting.has(status) && status !== 'completed';
        if (over) throw new Error(`${id} ended ${status}: ${JSON.stringify(failure)}`);
        await pause(20);
      }
      const last = await platform.show(id);
      throw new Error(`${id} is still ${last.status} (${last.phase}): ${JSON.stringify(last.errors)}`);
    },
    async restart(more) {
      await cloud.stop();
      const starting = start(more);
      platform.starting = starting.then(() => {});
      cloud = await starting;
      platform.starting = undefined;
    },
    invoke: (name, payload = {}) => cloud.lambda.invoke(`migrations-${name}`, payload),
    async stop() {
      await cloud.stop();
      await pool.end();
    },
  };
  started.push(platform);
  const added = await platform.send(
    'POST',
    '/databases',
    connection === undefined ? { name: 'shop', url } : await connection(url),
  );
  if (added.status !== 201) throw new Error(`database refused: ${JSON.stringify(added.body)}`);
  return platform;
}

/** Names of several parts, notes on every third order: what the examples' expressions tell apart. */
async function fillShop(sql: Platform['sql'], rows: number): Promise<void> {
  await sql(await example('shop.sql'));
  await sql(
    `INSERT INTO customers (name, email)
       SELECT CASE n % 3 WHEN 0 THEN 'Cher' WHEN 1 THEN 'Ada Lovelace' ELSE 'Mary Ann Smith' END || n, 'c' || n || '@example.com'
       FROM generate_series(1, ${rows}) n`,
  );
  await sql(
    `INSERT INTO orders (customer_id, amount, note)
       SELECT n, n * 7, CASE WHEN n % 3 = 0 THEN 'gift' END FROM generate_series(1, ${rows}) n`,
  );
  await sql(
    `INSERT INTO items (order_id, sku, quantity) SELECT n, 'sku-' || n, 1 FROM generate_series(1, ${rows}) n`,
  );
  await sql('ANALYZE');
}

/** What a dump of the schema would show, for comparing before and after; what Theseus keeps for itself is left out. */
export async function schemaOf(sql: Platform['sql']): Promise<unknown> {
  return {
    columns: await sql(
      `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
         WHERE table_schema = 'public' ORDER BY 1, ordinal_position`,
    ),
    constraints: await sql(
      `SELECT conrelid::regclass::text AS "table", conname, pg_get_constraintdef(oid) AS definition, convalidated
         FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
    ),
    indexes: await sql(
      `SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2`,
    ),
    triggers: await sql(
      `SELECT tgrelid::regclass::text AS "table", tgname FROM pg_trigger
         WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) ORDER BY 1, 2`,
    ),
    schemas: await sql(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'public\\_%' ORDER BY 1`),
  };
}
