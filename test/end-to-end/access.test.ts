import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { startPlatform, type TestPlatform } from './platform.ts';

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
