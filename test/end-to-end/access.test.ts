import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { eventually, startPlatform, type TestPlatform } from './platform.ts';

let platform: TestPlatform;
let sql: pg.Client;
beforeAll(async () => {
  platform = await startPlatform();
  for (const name of ['shop', 'bank']) {
    const url = await createDatabase(name);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('CREATE TABLE people (id int PRIMARY KEY, name text)');
    if (name === 'shop') sql = client;
    else await client.end();
    await platform.addDatabase(name, url);
  }
});
afterAll(() => sql.end());

const operations = [
  { add_column: { table: 'people', column: { name: 'note', type: 'text', nullable: true } } },
];
const newMigration = (database: string) => ({
  database,
  file: JSON.stringify({ operations }),
  fileName: '01_note.yaml',
  options: { soakSeconds: 0 },
});
const names = (body: { items: { name: string }[] }) => body.items.map(({ name }) => name).toSorted();
const audit = async (query: string) => (await platform.request('GET', `/audit?${query}`)).body.items;

describe('permissions', () => {
  it('give a group one database and nothing of another, until they are revoked', async () => {
    const { request } = platform;
    expect((await request('GET', '/databases', { subject: 'nobody' })).status).toBe(403);
    const granted = await request('POST', '/permissions', {
      body: {
        group: 'other:group',
        actions: ['view_progress', 'plan', 'read_source'],
        databases: ['shop'],
        reason: 'their service',
      },
    });
    expect(granted.status).toBe(201);
    const { id } = granted.body;
    expect(names((await request('GET', '/databases', { subject: 'nobody' })).body)).toEqual(['shop']);
    const planned = await request('POST', '/migrations', { subject: 'nobody', body: newMigration('shop') });
    expect(planned.status).toBe(201);
    const other = await platform.plan({ database: 'bank', operations });
    for (const [method, path, body] of [
      ['POST', '/migrations', newMigration('bank')],
      ['GET', `/migrations/${other.id}`, undefined],
      ['GET', '/databases/bank', undefined],
      ['POST', `/migrations/${planned.body.id}/start`, {}],
      [
        'POST',
        '/migration-fleets',
        { ...newMigration('x'), database: undefined, targets: { databases: ['shop', 'bank'] } },
      ],
      ['GET', '/connectors', undefined],
      ['GET', '/permissions', undefined],
    ] as const) {
      const answer = await request(method, path, { subject: 'nobody', ...(body && { body }) });
      expect(answer.status, path).toBe(403);
    }
    const listed = await request('GET', '/migrations', { subject: 'nobody' });
    expect(listed.body.items.map((one: { id: string }) => one.id)).toEqual([planned.body.id]);

    const refused = await request('POST', `/migrations/${planned.body.id}/start`, {
      subject: 'nobody',
      body: {},
    });
    expect(refused.body).toMatchObject({
      type: 'urn:theseus:problem:Forbidden',
      evidence: { action: 'start', held: ['theseus:operator'] },
    });
    expect(refused.body.action).toContain('theseus permission grant --group <group> --action start');

    await request('POST', `/permissions/${id}/revoke`, { body: { reason: 'moved on' } });
    expect((await request('GET', '/databases', { subject: 'nobody' })).status).toBe(403);
    expect((await request('GET', `/permissions/${id}`)).body.revoked).toMatchObject({
      by: 'ada',
      reason: 'moved on',
    });
    expect((await request('GET', '/permissions')).body.items).toEqual([]);
  });

  it('are all that counts on a restricted database, besides administrators', async () => {
    const { request } = platform;
    const restrict = (restricted: boolean) =>
      request('POST', '/databases/bank/restrict', { body: { restricted, reason: 'money' } });
    expect((await restrict(true)).status).toBe(200);
    expect((await request('GET', '/databases/bank', { subject: 'vera' })).status).toBe(403);
    expect(names((await request('GET', '/databases', { subject: 'olga' })).body)).toEqual(['shop']);
    expect(names((await request('GET', '/databases')).body)).toEqual(['bank', 'shop']);
    const refused = await request('POST', '/migrations', { subject: 'olga', body: newMigration('bank') });
    expect(refused.body.detail).toBe('olga may not plan on the database bank, which is restricted');
    const mine = await request('GET', '/permissions/mine?database=bank', { subject: 'olga' });
    expect(mine.body).toMatchObject({ database: { name: 'bank', restricted: true }, actions: [] });
    await restrict(false);
    expect((await request('GET', '/databases/bank', { subject: 'vera' })).status).toBe(200);
  });

  it('are changed by administrators alone', async () => {
    const body = { group: 'theseus:operator', actions: ['approve'], reason: 'x' };
    for (const subject of ['olga', 'peter', 'vera'] as const) {
      expect((await platform.request('POST', '/permissions', { subject, body })).status).toBe(403);
    }
  });
});

describe('approvals', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  const column = (name: string) => [
    { add_column: { table: 'people', column: { name, type: 'text', nullable: true } } },
  ];
  const ask = (id: string, verb: string, subject: 'olga' | 'peter' | 'paul', body: object) =>
    platform.request('POST', `/migrations/${id}/${verb}`, { subject, body });
  async function waiting(name: string) {
    const { id, plan } = await platform.plan({
      database: 'shop',
      operations: column(name),
      name: `01_${name}`,
      options: { requireApproval: true, soakSeconds: 0 },
    });
    return { id, planHash: plan?.hash };
  }

  it('of two people let a plan run that needs two, and one person is one of them', async () => {
    vi.stubEnv('THESEUS_APPROVERS', 'low=2,high=3');
    const { id, planHash } = await waiting('first');
    await ask(id, 'start', 'olga', {});
    await platform.until(id, 'waiting_for_approval');
    const once = await ask(id, 'approve', 'peter', { planHash, comment: 'read it' });
    expect(once.body).toMatchObject({
      status: 'waiting_for_approval',
      approval: {
        decision: 'waiting',
        needed: 2,
        given: [{ by: 'peter', comment: 'read it' }],
        missing: 1,
        notCounted: ['peter'],
      },
    });
    const twice = await ask(id, 'approve', 'peter', { planHash });
    expect(twice).toMatchObject({ status: 409, body: { type: 'urn:theseus:problem:AlreadyApproved' } });
    expect((await ask(id, 'approve', 'paul', { planHash })).status).toBe(200);
    const { approval } = await platform.until(id, 'completed');
    expect(approval).toMatchObject({ decision: 'approved', by: 'paul', missing: 0 });
    expect(approval?.given.map(({ by }) => by)).toEqual(['peter', 'paul']);
  });

  it('are passed by breaking the glass, by whoever may, and it is never forgotten', async () => {
    const breakGlass = 'Checkout is down, nobody answers';
    const { id, planHash } = await waiting('second');
    expect((await ask(id, 'start', 'olga', { breakGlass })).status).toBe(403);
    await platform.request('POST', '/permissions', {
      body: { group: 'theseus:operator', actions: ['break_glass'], databases: ['shop'], reason: 'on call' },
    });
    expect((await ask(id, 'start', 'olga', { breakGlass: 'now' })).status).toBe(400);
    const hours = await ask(id, 'start', 'olga', {
      breakGlass,
      at: new Date(Date.now() + 60_000).toISOString(),
    });
    expect(hours.status).toBe(400);
    expect((await ask(id, 'start', 'olga', { breakGlass })).status).toBe(200);
    const done = await platform.until(id, 'completed');
    const used = { by: 'olga', action: 'start', reason: breakGlass };
    expect(done).toMatchObject({ approval: null, breakGlass: [used] });

    const other = await waiting('third');
    await ask(other.id, 'start', 'olga', {});
    await platform.until(other.id, 'waiting_for_approval');
    expect((await ask(other.id, 'approve', 'olga', { planHash })).status).toBe(403);
    const passed = await ask(other.id, 'approve', 'olga', { planHash: other.planHash, breakGlass });
    expect(passed.body).toMatchObject({
      approval: { decision: 'approved', by: 'olga', given: [] },
      breakGlass: [{ ...used, action: 'approve' }],
    });
    await platform.until(other.id, 'completed');
    const listed = await platform.request('GET', '/migrations?limit=2');
    expect(listed.body.items).toMatchObject([
      { breakGlass: [{ by: 'olga' }] },
      { breakGlass: [{ by: 'olga' }] },
    ]);
    const events = await platform.request('GET', `/migrations/${id}/events?limit=100`);
    expect(events.body.items).toContainEqual(
      expect.objectContaining({
        type: 'break_glass.used',
        actor: 'olga',
        data: { action: 'start', reason: breakGlass },
      }),
    );
    expect(await audit('action=break_glass&outcome=done')).toMatchObject([
      { subject: 'olga', call: 'POST /migrations/{id}/approve', database: 'shop', reason: breakGlass },
      { subject: 'olga', call: 'POST /migrations/{id}/start', reason: breakGlass },
    ]);
  });
});

describe('approvals of a fleet', () => {
  it('are counted as those of a migration, and the glass broken for it is marked on every target', async () => {
    vi.stubEnv('THESEUS_APPROVERS', 'low=2');
    const operations = [
      { add_column: { table: 'people', column: { name: 'fleet', type: 'text', nullable: true } } },
    ];
    const planned = await platform.request('POST', '/migration-fleets', {
      subject: 'olga',
      body: {
        file: JSON.stringify({ operations }),
        fileName: '02_fleet.yaml',
        targets: { databases: ['shop'] },
        waves: { canary: 0, percent: [100] },
        bakeSeconds: 0,
        options: { requireApproval: true },
      },
    });
    const { id, sample } = planned.body;
    const ask = (verb: string, subject: 'olga' | 'peter', body: object) =>
      platform.request('POST', `/migration-fleets/${id}/${verb}`, { subject, body });
    const approve = () => ask('approve', 'peter', { planHash: sample.plan.hash });
    expect((await approve()).body).toMatchObject({
      approval: null,
      approvals: { needed: 2, missing: 1, given: [{ by: 'peter' }] },
    });
    expect((await approve()).body).toMatchObject({ type: 'urn:theseus:problem:AlreadyApproved' });
    const early = await ask('start', 'olga', {});
    expect(early.body.detail).toBe(`Fleet ${id} has 1 of the 2 approvals it needs to start`);
    const breakGlass = 'Every tenant is without this column';
    expect((await ask('start', 'olga', { breakGlass })).status).toBe(200);
    const fleet = await eventually(async () => {
      const { body } = await platform.request('GET', `/migration-fleets/${id}`);
      return body.status === 'completed' ? body : undefined;
    }, 'the fleet to be completed');
    expect(fleet).toMatchObject({ counts: { done: 1 }, breakGlass: [{ by: 'olga', reason: breakGlass }] });
    expect((await platform.show(sample.migration)).breakGlass).toMatchObject([
      { by: 'olga', action: 'start' },
    ]);
    vi.unstubAllEnvs();
  });
});

describe('the audit trail', () => {
  it('has every call that changes something, with who, what, why and how it ended, and no body', async () => {
    const { request } = platform;
    const { id } = await platform.plan({ database: 'shop', operations });
    await request('POST', `/migrations/${id}/pause`, { body: { comment: 'password=geheim2 traffic' } });
    await request('POST', `/migrations/${id}/rollback`, {
      body: { comment: 'not today' },
      headers: { 'user-agent': 'pipeline/1' },
    });
    const entries = await audit(`resource=${id}`);
    expect(entries).toMatchObject([
      {
        subject: 'ada',
        action: 'execute_rollback',
        call: 'POST /migrations/{id}/rollback',
        resource: `/migrations/${id}`,
        database: 'shop',
        outcome: 'done',
        status: 200,
        reason: 'not today',
        sourceIp: expect.stringMatching(/127\.0\.0\.1|::1/),
        userAgent: 'pipeline/1',
      },
      {
        action: 'pause',
        outcome: 'rejected',
        status: 409,
        error: 'Conflict',
        reason: 'password=*** traffic',
      },
      { action: 'plan', outcome: 'done', status: 201, call: 'POST /migrations' },
    ]);
    expect(JSON.stringify(entries)).not.toContain('add_column');
    expect((await request('GET', '/audit', { subject: 'olga' })).status).toBe(403);
  });

  it('has refusals too, a flood of them in few entries', async () => {
    const { request } = platform;
    for (let attempt = 0; attempt < 40; attempt += 1) {
      await request('POST', `/migrations/mig_${attempt}/start`, { subject: 'vera', body: {} });
    }
    const refused = await audit('subject=vera&action=start&limit=100');
    const total = (list: { count: number }[]) => list.reduce((sum, { count }) => sum + count, 0);
    expect(total(refused)).toBe(40);
    // 8 a minute; the minute may end meanwhile.
    expect(refused.length).toBeLessThanOrEqual(16);
    expect(refused[0]).toMatchObject({
      action: 'start',
      outcome: 'refused',
      status: 403,
      error: 'Forbidden',
    });
  });

  it('comes in pages, newest first, each entry once', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await platform.request('GET', `/audit?limit=7${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...body.items.map((one: { at: string; id: string }) => `${one.at} ${one.id}`));
      cursor = body.nextCursor;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThan(20);
    const bad = await platform.request('GET', '/audit?cursor=e30');
    expect(bad.status).toBe(400);
  });
});
