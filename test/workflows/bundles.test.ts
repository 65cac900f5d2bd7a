import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import type { FleetStatus } from '#migrations/fleet/schemas.ts';
import { readFleet } from '#migrations/fleet/store.ts';
import { changeMigration, readMigration } from '#migrations/migration-store.ts';
import { readDelivery, replaceDelivery } from '#migrations/webhooks/deliveries.ts';
import { changeWebhook } from '#migrations/webhooks/store.ts';
import { secretsManager, stepFunctions } from '#platform/clients.ts';
import { bundleFacts } from '../infrastructure/bundle-facts.ts';
import { allows, type PlainStatement, type Question } from '../infrastructure/policy.ts';
import { operationOf } from '../infrastructure/sdk-commands.ts';
import { type BundledPlatform, startBundledPlatform } from './bundles/platform.ts';
import { Sabotage, schemaOf } from './harness.ts';

const day = 86_400_000;
const member = 'bundled_app';

let platform: BundledPlatform;
beforeAll(async () => {
  platform = await startBundledPlatform(60);
  const { sql } = platform;
  await sql(`DROP ROLE IF EXISTS ${member}`);
  await sql(`CREATE ROLE ${member}; GRANT SELECT, INSERT, UPDATE ON orders, customers TO ${member};
    GRANT USAGE ON SCHEMA public TO ${member}`);
}, 240_000);
afterEach(() => {
  platform.hook.current = undefined;
  platform.onCalls.clear();
});
afterAll(async () => {
  const admin = new pg.Client({ connectionString: platform.url });
  await admin.connect();
  await admin.query(`DROP OWNED BY ${member}; DROP ROLE ${member}`);
  await admin.end();
  await platform.discard();
});

const begin = async (file: string, options: object = {}) => {
  const { id } = await platform.plan(file, { options: { soakSeconds: 3_600, ...options } });
  await platform.act(id, 'start');
  return id;
};

/** AWS turns calls away: `times` of this function's calls of this command. */
function refuse(name: string, command: string, error: string, status: number, times = 1): void {
  let left = times;
  platform.onCalls.add((call) => {
    if (call.function !== name || call.command !== command || left === 0) return;
    left -= 1;
    const $metadata = { httpStatusCode: status };
    throw Object.assign(new Error(`${command} is refused for once`), { name: error, $metadata });
  });
}

/** Somebody decides just before a waiting state has stored its token: that state has to give the answer itself. */
function decideBeforeToken(name: string, id: string, verb: string): void {
  let decided = false;
  platform.onCalls.add(async ({ function: caller, command, input }) => {
    const stores = caller === name && command === 'PutItem' && JSON.stringify(input).includes('TOKEN#');
    if (!stores || decided) return;
    decided = true;
    await platform.act(id, verb);
  });
}

async function tenants(name: string, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) {
    const schema = `${name}_${n}`;
    await platform.sql(`CREATE SCHEMA ${schema};
      CREATE TABLE ${schema}.orders (id bigint PRIMARY KEY, note text);
      INSERT INTO ${schema}.orders SELECT g FROM generate_series(1, 3) g;
      GRANT USAGE ON SCHEMA ${schema} TO ${member}; GRANT SELECT, UPDATE ON ${schema}.orders TO ${member}`);
  }
}

/** A new column in the schemas `name_1` and so on. */
async function planFleet(name: string, more: object = {}): Promise<string> {
  const answer = await platform.send('POST', '/migration-fleets', {
    file: `operations:
  - add_column:
      table: orders
      column: { name: status, type: text }
      up: coalesce(note, 'open')
`,
    fileName: 'inline.yaml',
    targets: { databases: ['shop'], schemas: `${name}\\_%` },
    waves: { canary: 1, percent: [100] },
    bakeSeconds: 0,
    ...more,
  });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body.id;
}

async function actOnFleet(id: string, verb: string, body: object = {}): Promise<void> {
  const answer = await platform.send('POST', `/migration-fleets/${id}/${verb}`, body);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
}

const untilFleet = (id: string, status: FleetStatus) =>
  expect.poll(async () => (await readFleet(id)).status, { timeout: 90_000, interval: 100 }).toBe(status);

const paused = async () => {
  const id = await begin('02-change-type.yaml', { ranges: 1 });
  platform.hook.current = async ({ name, stage }) => {
    if (name !== 'migrations-backfill-range' || stage !== 'before') return;
    platform.hook.current = undefined;
    await platform.act(id, 'pause');
  };
  return id;
};

describe('the bundles that are deployed', { timeout: 240_000 }, () => {
  it('carry a migration from its plan to its completion, and take it back', async () => {
    const { act, until, sql } = platform;
    const before = await schemaOf(sql);
    const id = await begin('05-shop.yaml', { loginRole: member, backUpRows: true });
    decideBeforeToken('await-completion', id, 'complete');
    const completed = await until(id, 'completed');
    expect(completed.login).toMatchObject({ memberOf: member });
    // What the undo would lose: more than one part of an upload, whatever gzip makes of it.
    const text = `encode(decode(string_agg(md5(random()::text || n), ''), 'hex'), 'base64')`;
    await sql(
      `UPDATE "${completed.versionSchema}".orders
         SET (status, note) = (SELECT big, big FROM (SELECT ${text} AS big FROM generate_series(1, 560000) n) AS texts) WHERE id = 1`,
    );
    // Three times is as often as the SDK tries: the upload is given up and the task is retried.
    refuse('back-up-rows', 'UploadPart', 'SlowDown', 503, 3);
    // What to_backup overwrites is as large.
    refuse('revert', 'UploadPart', 'SlowDown', 503, 3);
    decideBeforeToken('request-approval', id, 'approve');
    await act(id, 'undo', { strategy: 'to_backup' });
    const undone = await until(id, 'undone');
    expect(undone).toMatchObject({ differences: [], login: null });
    expect(await schemaOf(sql)).toEqual(before);
  });

  it('take back a migration that fails', async () => {
    const { until, sql, hook } = platform;
    const before = await schemaOf(sql);
    hook.current = ({ name, stage }) => {
      if (name === 'migrations-contract' && stage === 'after') throw new Sabotage('no more contract');
    };
    const id = await begin(
      `operations:
  - create_index:
      name: items_sku
      table: items
      columns:
        - column: sku
  - alter_column:
      table: orders
      column: amount
      type: bigint
      up: amount
      down: least(amount, 2147483647)::integer
`,
      { soakSeconds: 0 },
    );
    const rolledBack = await until(id, 'rolled_back');
    expect(rolledBack).toMatchObject({ differences: [], failure: { name: 'Sabotage' } });
    expect(await schemaOf(sql)).toEqual(before);
  });

  it('remove what is old after a backup, and restore its rows', async () => {
    const { cloud, until, send, invoke, sql } = platform;
    const id = await begin('01-split-name.yaml', { undoWindowSeconds: day / 1_000 });
    await until(id, 'soaking');
    const rule = { name: 'any', metric: 'duration_seconds', warning: 0, labels: { tier: 'none' } };
    expect((await send('POST', '/alert-rules', rule)).status).toBe(201);
    expect((await send('PATCH', '/alert-rules/any', { labels: {} })).status).toBe(200);
    expect(await invoke('watch-migrations')).toMatchObject({ payload: { firing: 1 } });
    expect((await send('DELETE', '/alert-rules/any')).status).toBe(204);
    const ejected = await send('GET', `/migrations/${id}/eject?to=rollback`);
    expect(ejected.body.script).toContain('\\set ON_ERROR_STOP on');
    const early = await send('GET', `/migrations/${id}/eject?to=removal`);
    expect(early.body.type).toBe('urn:theseus:problem:NotEjectable');
    refuse('api', 'SendTaskSuccess', 'AccessDeniedException', 400);
    expect((await send('POST', `/migrations/${id}/complete`, {})).status).toBe(500);
    // The decision was stored: whoever looks next delivers it.
    await invoke('reconcile');
    await until(id, 'completed');
    await cloud.clock.advance(day + 60_000);
    const removed = await until(id, 'removed');
    const backup = `/backups/${removed.backups.find(({ purpose }) => purpose === 'removal')?.id}`;
    const restored = await send('POST', `${backup}/restore`, { table: 'old_names' });
    expect(restored).toMatchObject({ status: 200, body: { rows: 60 } });
    expect(await sql('SELECT name FROM old_names WHERE id = 2')).toEqual([{ name: 'Mary Ann Smith2' }]);
    expect(await send('POST', `${backup}/verify`)).toMatchObject({ status: 200, body: { rows: 60 } });
    const deleted = await send('POST', `${backup}/delete`, { reason: 'the law says so' });
    expect(deleted).toMatchObject({ status: 202, body: { status: 'deleting' } });
    await cloud.clock.advance(1_000);
    await invoke('reconcile');
    expect(await send('GET', backup)).toMatchObject({ body: { status: 'deleted', rows: 60 } });
  });

  it('wait for people, and answer themselves what was decided meanwhile', async () => {
    const { until } = platform;
    const first = await paused();
    decideBeforeToken('await-resume', first, 'resume');
    await until(first, 'soaking', 'running');
    decideBeforeToken('await-completion', first, 'rollback');
    await until(first, 'rolled_back');

    const second = await paused();
    decideBeforeToken('await-resume', second, 'rollback');
    await until(second, 'rolled_back');
    const third = await begin('04-rename-table.yaml', { requireApproval: true });
    decideBeforeToken('request-approval', third, 'rollback');
    await until(third, 'cancelled');
  });

  it('bring on what was cut off', async () => {
    const { until, send, invoke } = platform;
    const first = await begin('04-rename-table.yaml');
    await until(first, 'soaking');
    refuse('api', 'SendTaskFailure', 'AccessDeniedException', 400);
    expect((await send('POST', `/migrations/${first}/rollback`, {})).status).toBe(500);
    await invoke('reconcile');
    await until(first, 'rolled_back');

    const second = await begin('04-rename-table.yaml');
    await until(second, 'soaking');
    const { execution } = await readMigration(second);
    await stepFunctions().send(new StopExecutionCommand({ executionArn: execution?.arn ?? '' }));
    await until(second, 'rolled_back');
    await invoke('publish-events');
  });

  it('rehearse a migration on a copy', async () => {
    const { send } = platform;
    const { id } = await platform.plan('04-rename-table.yaml');
    const path = `/migrations/${id}/rehearsals`;
    const begun = await send('POST', path, { sample: 20 });
    expect(begun.status).toBe(202);
    await expect
      .poll(async () => (await send('GET', `${path}/${begun.body.id}`)).body, { timeout: 60_000 })
      .toMatchObject({ status: 'passed' });
    expect((await send('GET', path)).body.items).toHaveLength(1);
  });

  it('copy rows, and load those again that were refused', async () => {
    const { sql, until, act, send } = platform;
    await sql(`CREATE TABLE order_notes (id bigint PRIMARY KEY, note varchar(5) NOT NULL)`);
    const { id } = await platform.plan(`data:
  tables:
    - from: orders
      to: order_notes
      sql: SELECT id, coalesce(note, CASE id WHEN 1 THEN 'too long' ELSE 'none' END) AS note FROM source
`);
    await act(id, 'start');
    await until(id, 'completed');
    const listed = await send('GET', `/migrations/${id}/errors`);
    expect(listed.body.items).toMatchObject([{ key: ['1'], error: { sqlstate: '22001' } }]);
    await sql('ALTER TABLE order_notes ALTER COLUMN note TYPE text');
    const again = await send('POST', `/migrations/${id}/redrive`);
    expect(again.body).toEqual({ tried: 1, taken: 1, left: 0, more: false });
    await act(id, 'undo');
    await until(id, 'undone');
    expect(await sql('SELECT FROM order_notes')).toEqual([]);
    await sql('DROP TABLE order_notes');
  });

  it('carry a fleet through its waves, wait, and take it back', async () => {
    const { sql, hook, onCalls } = platform;
    await tenants('f', 2);
    const id = await planFleet('f', { options: { loginRole: member } });
    hook.current = async ({ name, stage }) => {
      if (name !== 'migrations-migrate-fleet-targets' || stage !== 'before') return;
      hook.current = undefined;
      await actOnFleet(id, 'pause');
    };
    let resumed = false;
    onCalls.add(async ({ function: caller, command }) => {
      if (caller !== 'await-fleet' || command !== 'PutItem' || resumed) return;
      resumed = true;
      await actOnFleet(id, 'resume');
    });
    await actOnFleet(id, 'start');
    await untilFleet(id, 'completed');
    const text = `encode(decode(string_agg(md5(random()::text || n), ''), 'hex'), 'base64')`;
    await sql(
      `UPDATE f_1_inline.orders SET status = (SELECT ${text} FROM generate_series(1, 560000) n) WHERE id = 1`,
    );
    refuse('migrate-fleet-targets', 'UploadPart', 'SlowDown', 503, 3);
    await actOnFleet(id, 'undo', { acceptLosses: true });
    await untilFleet(id, 'undone');
    expect((await platform.send('GET', `/migration-fleets/${id}`)).body.counts).toMatchObject({ undone: 2 });
  });

  it('give a large target an execution of its own, and write down what a failed batch left open', async () => {
    await tenants('g', 1);
    const large = await planFleet('g', { largeRows: 0 });
    await actOnFleet(large, 'start');
    await untilFleet(large, 'completed');

    await tenants('h', 1);
    const id = await planFleet('h');
    let refused = false;
    platform.onCalls.add(({ function: caller, command, input }) => {
      const leases = caller === 'migrate-fleet-targets' && JSON.stringify(input).includes('"lease":{"M"');
      if (!leases || command !== 'PutItem' || refused) return;
      refused = true;
      const $metadata = { httpStatusCode: 400 };
      throw Object.assign(new Error('refused for once'), { name: 'AccessDeniedException', $metadata });
    });
    await actOnFleet(id, 'start');
    await untilFleet(id, 'halted');
    await actOnFleet(id, 'redrive');
    await untilFleet(id, 'completed');
  });

  it('send events to webhooks, try again, and give one up', async () => {
    const { send, invoke, cloud } = platform;
    // Nothing is sent there: only its address is looked at.
    const added = await send('POST', '/webhooks', { url: 'https://1.1.1.1/hooks', types: ['test.*'] });
    expect(added).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^whsec_/) } });
    const { id } = added.body;
    const path = `/webhooks/${id}`;
    expect((await send('POST', `${path}/rotate-secret`)).status).toBe(200);
    // To itself the platform sends nothing, whatever the record says.
    await changeWebhook(id, (record) => ({ ...record, url: 'https://127.0.0.1/' }));
    expect((await send('POST', `${path}/test`)).body).toMatchObject({
      status: 'failed',
      last: [{ status: null, detail: expect.stringContaining('is refused') }],
    });
    const at = new Date().toISOString();
    const detail = { type: 'test.event', at, actor: 'theseus', database: 'db_1' };
    expect(await invoke('deliver-webhooks', { detail })).toMatchObject({ payload: { handled: 1 } });
    await changeWebhook(id, (record) => ({ ...record, failingSince: '2026-01-01T00:00:00.000Z' }));
    await invoke('deliver-webhooks');
    expect((await send('GET', path)).body).toMatchObject({ disabled: { why: 'failing' } });
    const log = (await send('GET', `${path}/deliveries`)).body.items;
    const pending = log.find(({ status }: { status: string }) => status === 'pending').id;
    expect((await send('DELETE', path)).status).toBe(204);
    // The clock of a bundle is its own.
    const left = await readDelivery(id, pending);
    await replaceDelivery(left, { ...left, dueAt: 0 });
    await invoke('deliver-webhooks');
    await expect(readDelivery(id, pending)).rejects.toMatchObject({ name: 'NotFound' });

    const signed = await fetch(`${cloud.url}/slack/interactions`, { method: 'POST', body: 'payload=' });
    expect(signed.status).toBe(401);
  });

  it('answer every other request', async () => {
    const { send, sql, invoke } = platform;
    const list = await send('GET', '/migrations?limit=50');
    expect(list.status).toBe(200);
    const { id } = list.body.items[0];
    for (const path of [
      `/migrations/${id}/plan`,
      `/migrations/${id}/events`,
      `/migrations/${id}/backups`,
      '/backups?database=shop',
      '/databases',
      '/databases/shop',
      '/databases/shop/schema-versions',
      '/databases/shop/schema-differences?from=1&to=2',
    ]) {
      expect(await send('GET', path)).toMatchObject({ status: 200 });
    }
    await sql(`CREATE TABLE _prisma_migrations (checksum text, finished_at timestamptz, migration_name text,
      rolled_back_at timestamptz, started_at timestamptz)`);
    await sql(`INSERT INTO _prisma_migrations VALUES ('x', now(), '1_a', NULL, now())`);
    const imported = await send('POST', '/databases/shop/imports', { tool: 'prisma', files: null });
    expect(imported).toMatchObject({ status: 200, body: { problems: [], version: expect.any(Number) } });
    expect((await send('GET', '/databases/shop/imports/prisma')).body).toEqual(imported.body);
    await sql('CREATE TABLE stray (id int)');
    expect(await invoke('detect-drift')).toMatchObject({ payload: { looked: 1, drifted: 1 } });
    const drift = await send('GET', '/databases/shop/drift');
    expect(drift).toMatchObject({ status: 200, body: { difference: { changes: [{ name: 'stray' }] } } });
  });

  it('move a schema to another database and back, and give up what was not switched', async () => {
    const { cloud, send, until, act, invoke } = platform;
    for (const name of ['blue', 'green']) {
      const SecretString = await createDatabase(name);
      const made = await secretsManager().send(
        new CreateSecretCommand({ Name: `databases/${name}`, SecretString }),
      );
      expect((await send('POST', '/databases', { name, secretArn: made.ARN })).status).toBe(201);
      if (name === 'green') continue;
      const client = new pg.Client({ connectionString: SecretString });
      await client.connect();
      await client.query('CREATE TABLE one (id int PRIMARY KEY); INSERT INTO one VALUES (1)');
      await client.end();
    }
    const move = async () => {
      const { body } = await send('POST', '/migrations', {
        database: 'blue',
        file: 'strategy: blue_green\ntarget: green',
        fileName: 'move.yaml',
        options: { soakSeconds: 3_600 },
      });
      await act(body.id, 'start', { planHash: body.plan.hash });
      await until(body.id, 'waiting_for_approval');
      // Production wants approvals of others than its author; the caller of these tests is one person.
      await changeMigration(body.id, ({ approval }) => ({
        set: { status: 'running', approval: approval && { ...approval, decision: 'approved' } },
      }));
      await invoke('reconcile');
      return body;
    };
    // A hook that leads to the platform itself, to which nothing is sent: the switch is taken back.
    const types = ['switch.before', 'switch.after'];
    const hook = await send('POST', '/webhooks', { url: 'https://1.1.1.1/', types, databases: ['blue'] });
    await changeWebhook(hook.body.id, (record) => ({ ...record, url: 'https://127.0.0.1/' }));
    const refused = await move();
    await until(refused.id, 'rolled_back');
    expect((await readMigration(refused.id)).failure).toMatchObject({ name: 'HookFailed' });
    expect((await send('DELETE', `/webhooks/${hook.body.id}`)).status).toBe(204);

    const body = await move();
    await until(body.id, 'soaking');
    // Both ways were looked at before the switch, too.
    const before = (await readMigration(body.id)).blueGreen?.lag;
    await cloud.clock.advance(61_000);
    await expect
      .poll(async () => (await readMigration(body.id)).blueGreen?.lag, { timeout: 60_000 })
      .not.toEqual(before);
    await act(body.id, 'undo');
    const drained = setInterval(() => void cloud.clock.advance(5_000), 200);
    await until(body.id, 'rolled_back');
    clearInterval(drained);
  });
});

describe('the policies of production', () => {
  const refusedBy = (statements: readonly PlainStatement[], questions: readonly Question[]) =>
    questions.filter((question) => !allows(statements, question));
  const without = (statements: readonly PlainStatement[], one: PlainStatement) =>
    statements.filter((each) => each !== one);
  /** What Lambda itself does with the role of a function. */
  const usedByLambda = new Set(['WriteLog', 'Trace', 'AttachToNetwork', 'CodeMayNotAttachToNetwork']);
  const callsOf = (name: string) => platform.calls.filter(({ call }) => call.function === name);

  it('allow every call that was made', () => {
    const refused = [...platform.functions].flatMap(([name, { statements }]) =>
      callsOf(name).flatMap(({ questions }) =>
        refusedBy(statements, questions).map(({ action, resource }) => `${name}: ${action} on ${resource}`),
      ),
    );
    expect([...new Set(refused)]).toEqual([]);
  });

  it('were asked about every call that the code can make', async () => {
    const facts = await bundleFacts();
    const unseen = [...facts].flatMap(([name, { commands }]) => {
      const made = new Set(callsOf(name).map(({ call }) => call.command));
      return [...commands].flatMap((command) =>
        made.has(operationOf(command)) ? [] : [`${name}: ${command}`],
      );
    });
    expect(unseen).toEqual([]);
  });

  it('would refuse a call if any of their statements were missing', () => {
    const idle = [...platform.functions].flatMap(([name, { statements }]) => {
      const questions = callsOf(name).flatMap((each) => each.questions);
      return statements
        .filter(({ sid }) => !usedByLambda.has(sid))
        .filter((one) => refusedBy(without(statements, one), questions).length === 0)
        .map(({ sid }) => `${name}: ${sid}`);
    });
    expect(idle).toEqual([]);
  });
});
