import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Fleet, type FleetStatus } from '#migrations/fleet/schemas.ts';
import { readFleet } from '#migrations/fleet/store.ts';
import { partsOf } from '#migrations/fleet/stretches.ts';
import { keys, readItem } from '#migrations/store.ts';
import { type Platform, startPlatform } from './harness.ts';

const file = `operations:
  - add_column:
      table: customers
      column: { name: tier, type: text, nullable: false }
      up: "CASE WHEN email LIKE 'a1%' THEN 'gold' ELSE 'free' END"
`;
/** Refused by rows with a letter in them. */
const breaking = `operations:
  - alter_column:
      table: customers
      column: email
      type: integer
      up: "substr(email, 2)::integer"
      down: "'a' || email"
`;

let platform: Platform;

/** Schemas t_001 and so on, each with a few customers. */
async function tenants(prefix: string, count: number, broken: number[] = []): Promise<void> {
  for (let n = 1; n <= count; n += 1) {
    const schema = `${prefix}_${String(n).padStart(3, '0')}`;
    await platform.sql(
      `CREATE SCHEMA ${schema};
       CREATE TABLE ${schema}.customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL);
       INSERT INTO ${schema}.customers (email) SELECT 'a' || g FROM generate_series(1, 5) g;
       ${broken.includes(n) ? `INSERT INTO ${schema}.customers (email) VALUES ('bad')` : ''}`,
    );
  }
}

async function planFleet(like: string, more: object = {}, text = file): Promise<Fleet> {
  const answer = await platform.send('POST', '/migration-fleets', {
    file: text,
    fileName: '01_tier.yaml',
    targets: { databases: ['shop'], schemas: like },
    bakeSeconds: 0,
    ...more,
  });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return Fleet.parse(answer.body);
}

async function act(id: string, verb: string, body: object = {}): Promise<Fleet> {
  const answer = await platform.send('POST', `/migration-fleets/${id}/${verb}`, body);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return Fleet.parse(answer.body);
}

async function until(id: string, ...statuses: FleetStatus[]): Promise<Fleet> {
  await expect
    .poll(async () => (await readFleet(id)).status, { timeout: 40_000, interval: 50 })
    .toSatisfy((status: FleetStatus) => statuses.includes(status));
  return Fleet.parse((await platform.send('GET', `/migration-fleets/${id}`)).body);
}

/** The workflow has come to the state in which it waits: from here on the clock can be moved. */
const waits = (id: string) =>
  expect
    .poll(() => readItem(z.object({}), keys.fleetToken(id)), { timeout: 40_000, interval: 50 })
    .toBeDefined();

const targets = async (id: string, status: string) =>
  (await platform.send('GET', `/migration-fleets/${id}/targets?limit=100&status=${status}`)).body.items;

describe('a fleet of migrations', () => {
  beforeAll(async () => {
    platform = await startPlatform({ rows: 1 });
  });

  it('goes through its waves, each target a migration of its own, and is taken back as a whole', async () => {
    await tenants('t', 6);
    const planned = await planFleet('t\\_%', { waves: { canary: 1, percent: [50, 100] } });
    expect(planned).toMatchObject({ status: 'planned', total: 6, wave: 'canary' });
    expect(planned.waves.map(({ name, targets: size }) => [name, size])).toEqual([
      ['canary', 1],
      ['50%', 2],
      ['100%', 3],
    ]);
    await act(planned.id, 'start', { planHash: planned.sample.plan.hash });
    const completed = await until(planned.id, 'completed');
    expect(completed.counts).toMatchObject({ done: 6, failed: 0, pending: 0 });
    expect(completed.waves.every(({ p50Ms }) => (p50Ms ?? 0) > 0)).toBe(true);
    expect((await partsOf(await readFleet(planned.id))).map(({ sum }) => sum?.waves[2]?.counts.done)).toEqual(
      [3],
    );
    const [first] = await targets(planned.id, 'done');
    const migration = await platform.show(first.migration);
    expect(migration).toMatchObject({ status: 'completed', schema: 't_001' });
    expect(
      await platform.sql(`SELECT count(*)::int AS n FROM t_003_01_tier.customers WHERE tier = 'gold'`),
    ).toEqual([{ n: 1 }]);

    const path = `/migration-fleets/${planned.id}/events`;
    const told = async (query = '') => (await platform.send('GET', path + query)).body;
    const types = async () => (await told()).items.map(({ type }: { type: string }) => type);
    const whole = [
      'fleet.created',
      'fleet.started',
      ...['fleet.wave_started', 'fleet.wave_completed'],
      ...['fleet.wave_started', 'fleet.wave_completed'],
      ...['fleet.wave_started', 'fleet.wave_completed'],
      'fleet.completed',
    ];
    expect(await types()).toEqual(whole);
    await platform.invoke('publish-events');
    expect(await types()).toEqual(whole);
    expect((await readFleet(planned.id)).outbox).toEqual([]);
    expect((await told(`?limit=2`)).items).toHaveLength(2);

    const back = { acceptLosses: true, strategy: 'to_backup' };
    expect((await platform.send('POST', `/migration-fleets/${planned.id}/undo`, back)).body).toMatchObject({
      type: 'urn:theseus:problem:StrategyImpossible',
      detail: expect.stringContaining('backUpRows'),
    });
    await act(planned.id, 'undo', { strategy: 'schema_only' });
    const undone = await until(planned.id, 'undone');
    expect(await types()).toEqual([...whole, 'fleet.undo_started', 'fleet.undone']);
    expect(undone.counts).toMatchObject({ undone: 6, done: 0 });
    expect(
      await platform.sql(
        `SELECT count(*)::int AS n, bool_and(table_name LIKE 'customers_of_mig_%') AS kept
         FROM information_schema.columns WHERE column_name LIKE '%tier%'`,
      ),
    ).toEqual([{ n: 6, kept: true }]);
    const { wayBack } = await platform.show(first.migration);
    expect(wayBack).toMatchObject({ strategy: 'schema_only', kept: [{ table: 'customers', rows: 5 }] });
  });

  it('halts on its canary, and tries again what failed', async () => {
    await tenants('h', 4, [1]);
    const planned = await planFleet('h\\_%', {}, breaking);
    await act(planned.id, 'start');
    const halted = await until(planned.id, 'halted');
    expect(halted.halted).toContain('1 of 1 targets of wave canary failed');
    expect(halted.counts).toMatchObject({ failed: 1, pending: 3, done: 0 });
    expect(halted.failures).toMatchObject([
      { name: 'ValidationFailed', targets: 1, examples: ['shop/h_001'] },
    ]);
    await platform.sql(`DELETE FROM h_001.customers WHERE email = 'bad'`);
    await act(planned.id, 'redrive');
    const completed = await until(planned.id, 'completed');
    expect(completed.counts).toMatchObject({ done: 4, failed: 0 });
    expect(await targets(planned.id, 'done')).toContainEqual(
      expect.objectContaining({ schema: 'h_001', attempt: 2 }),
    );
  });

  it('asks for an approval, leaves targets out, watches each wave, and stops where a person says', async () => {
    const { send, cloud } = platform;
    await tenants('c', 5, [3]);
    await send('PATCH', '/databases/shop', { labels: { tier: 'free' } });
    const { id, total, sample, exclusions } = await planFleet(
      'c\\_%',
      {
        targets: {
          labels: { tier: 'free' },
          schemas: 'c\\_%',
          exclude: [{ schema: 'c_002', reason: 'audit' }],
        },
        waves: { canary: 1, percent: [50, 100] },
        bakeSeconds: 600,
        options: { requireApproval: true, backUpRows: true },
      },
      breaking,
    );
    expect({ total, exclusions }).toEqual({ total: 5, exclusions: [{ reason: 'audit', targets: 1 }] });
    const refusal = async (verb: string, body: object = {}) =>
      (await send('POST', `/migration-fleets/${id}/${verb}`, body)).body;
    expect(await refusal('start')).toMatchObject({ type: 'urn:theseus:problem:ApprovalMissing' });
    expect(await refusal('approve', { planHash: 'another' })).toMatchObject({ status: 409 });
    process.env.THESEUS_AUTHOR_MAY_APPROVE = 'false';
    const own = await refusal('approve', { planHash: sample.plan.hash });
    delete process.env.THESEUS_AUTHOR_MAY_APPROVE;
    expect(own).toMatchObject({ status: 403, type: 'urn:theseus:problem:AuthorMayNotApprove' });
    await act(id, 'approve', { planHash: sample.plan.hash, comment: 'read it' });
    await act(id, 'start');

    const baking = await until(id, 'baking');
    expect(baking).toMatchObject({ wave: '50%', counts: { done: 1, pending: 3, excluded: 1 } });
    expect(baking.waves[0]?.endedAt).not.toBeNull();
    await waits(id);
    await cloud.clock.advance(600_000);
    const halted = await until(id, 'halted');
    expect(halted.halted).toContain('1 of 1 targets of wave 50% failed; 5 % halts the fleet');

    expect(await refusal('exclude', { targets: [{ database: 'other' }], reason: 'x' })).toMatchObject({
      status: 400,
    });
    const without = await act(id, 'exclude', {
      targets: [{ database: 'shop', schema: 'c_003' }],
      reason: 'letters in numbers',
    });
    expect(without.counts).toEqual({ pending: 2, running: 0, done: 1, failed: 0, excluded: 2, undone: 0 });
    await act(id, 'resume');
    expect(await until(id, 'baking')).toMatchObject({ wave: '100%' });
    expect(await act(id, 'cancel', { comment: 'not this week' })).toMatchObject({ status: 'cancelled' });
    expect(await refusal('resume')).toMatchObject({ status: 409 });
    await platform.sql(`UPDATE c_001.customers SET email = 'a99' WHERE id = 1`);
    await act(id, 'undo', { strategy: 'to_backup' });
    const asItWas = await until(id, 'undone');
    expect(asItWas).toMatchObject({
      counts: { undone: 0, failed: 1 },
      next: [{ path: expect.stringMatching(/undo$/) }],
    });
    await act(id, 'undo', { acceptLosses: true, strategy: 'to_backup' });
    const all = await until(id, 'undone');
    expect(all).toMatchObject({ counts: { undone: 1, failed: 0, pending: 2, excluded: 2 }, next: [] });
    const rows = 'SELECT id::int, email FROM c_001.customers WHERE id = 1';
    expect(await platform.sql(rows)).toEqual([{ id: 1, email: 'a1' }]);
    const { markdown } = (await send('GET', `/migration-fleets/${id}/report`)).body;
    expect(markdown).toContain('| letters in numbers | 1 |');
  });
});
