import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { type Subject, startPlatform, type TestPlatform } from './platform.ts';

const password = 'Qz7-correct:horse/battery@staple';
const role = 'api_test_owner';
let platform: TestPlatform;
let url: string;
let sql: pg.Client;

beforeAll(async () => {
  platform = await startPlatform();
  const admin = await createDatabase('api');
  sql = new pg.Client({ connectionString: admin });
  await sql.connect();
  await sql.query(`
    CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD '${password}';
    CREATE TABLE people (id int PRIMARY KEY, name text);
    INSERT INTO people SELECT g, 'p' || g FROM generate_series(1, 5) g`);
  const owned = new URL(admin);
  owned.username = role;
  owned.password = encodeURIComponent(password);
  url = owned.href;
  await platform.addDatabase('shop', url);
});
afterAll(async () => {
  await sql.query(`DROP OWNED BY ${role} CASCADE`);
  await sql.query(`DROP ROLE ${role}`);
  await sql.end();
});

const operations = [
  { add_column: { table: 'people', column: { name: 'note', type: 'text', nullable: true } } },
];
const file = JSON.stringify({ operations });
const newMigration = { database: 'shop', file, fileName: '01_note.yaml' };

describe('roles', () => {
  const calls: [method: string, path: string, body: object | undefined, allowed: Subject[]][] = [
    ['GET', '/migrations', undefined, ['ada', 'olga', 'peter', 'vera']],
    ['GET', '/databases', undefined, ['ada', 'olga', 'peter', 'vera']],
    ['POST', '/databases', { name: 'another', url: 'postgresql://nobody@127.0.0.1:1/none' }, ['ada']],
    ['DELETE', '/databases/none', undefined, ['ada']],
    ['POST', '/migrations', { ...newMigration, database: 'none' }, ['ada', 'olga']],
    ...['start', 'pause', 'resume', 'complete', 'rollback', 'undo'].map((verb): (typeof calls)[number] => [
      'POST',
      `/migrations/mig_none/${verb}`,
      {},
      ['ada', 'olga'],
    ]),
    ['POST', '/migrations/mig_none/approve', {}, ['ada', 'peter']],
    ['POST', '/migrations/mig_none/reject', {}, ['ada', 'peter']],
  ];
  it.each(calls)('%s %s', async (method, path, body, allowed) => {
    for (const subject of ['ada', 'olga', 'peter', 'vera', 'nobody'] as const) {
      const { status } = await platform.request(method, path, {
        subject,
        ...(body === undefined ? {} : { body }),
      });
      if (allowed.includes(subject)) expect([200, 400, 404, 409, 503], subject).toContain(status);
      else expect(status, subject).toBe(403);
    }
  });

  it('a request without a token, or with another one, is not answered', async () => {
    for (const authorization of ['', 'Bearer wrong', 'Basic YTpi']) {
      const answer = await platform.request('GET', '/migrations', { headers: { authorization } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('health and the API description need none', async () => {
    const answer = await fetch(`${platform.cloud.url}/openapi.json`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) });
    expect((await fetch(`${platform.cloud.url}/health`)).status).toBe(200);
  });
});

describe('requests that make no sense', () => {
  it('unknown ids and paths are 404, other methods 405, and each says what to do', async () => {
    for (const path of [
      '/migrations/mig_none',
      '/migrations/mig_none/plan',
      '/migrations/mig_none/events',
      '/databases/none',
      '/nowhere',
    ]) {
      const { status, body } = await platform.request('GET', path);
      expect(status, path).toBe(404);
      expect(body).toMatchObject({
        type: expect.any(String),
        detail: expect.any(String),
        instance: expect.any(String),
      });
    }
    const { status, headers } = await platform.request('DELETE', '/migrations');
    expect(status).toBe(405);
    expect(headers.get('allow')).toContain('GET');
    expect((await platform.request('GET', '/migrations/..%2f..%2fetc')).status).toBe(400);
  });

  it('bodies: not JSON, another type, unknown fields, too large', async () => {
    const post = (more: object) => platform.request('POST', '/migrations', more);
    expect((await post({ text: '{' })).status).toBe(400);
    expect((await post({ text: 'a=b', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    const unknown = await post({ body: { ...newMigration, force: true } });
    expect(unknown.body.errors).toEqual([{ pointer: '/body/force', detail: 'Unknown field' }]);
    expect((await post({ text: JSON.stringify({ file: 'x'.repeat(1_100_000) }) })).status).toBe(413);
    const options = await post({ body: { ...newMigration, options: { soakSeconds: -1, concurrency: 1e9 } } });
    expect(options.body.errors.map((one: { pointer: string }) => one.pointer)).toEqual([
      '/body/options/soakSeconds',
      '/body/options/concurrency',
    ]);
  });

  it('queries: limits and cursors that are none', async () => {
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'cursor=@@',
      'cursor=e30',
      'status=gone',
      'sort=name',
    ]) {
      const { status } = await platform.request('GET', `/migrations?${query}`);
      expect(status, query).toBe(400);
    }
  });

  it('verbs at the wrong time are 409 and say what is possible', async () => {
    const planned = await platform.plan({ database: 'shop', operations });
    for (const verb of ['approve', 'reject', 'pause', 'resume', 'complete', 'undo']) {
      const { status, body } = await platform.request('POST', `/migrations/${planned.id}/${verb}`, {
        body: {},
      });
      expect(status, verb).toBe(409);
      expect(body.action).toContain('theseus migration');
    }
    const other = await platform.request('POST', `/migrations/${planned.id}/start`, {
      body: { planHash: 'another' },
    });
    expect(other.body).toMatchObject({ status: 409, type: 'urn:theseus:problem:PlanHashDiffers' });
    await platform.act(planned.id, 'rollback');
  });

  it('one migration acts on a schema at a time', async () => {
    const first = await platform.start({ database: 'shop', operations });
    const second = await platform.plan({ database: 'shop', operations, name: '02_other' });
    const { status, body } = await platform.request('POST', `/migrations/${second.id}/start`, { body: {} });
    expect({ status, body }).toMatchObject({
      status: 409,
      body: { type: 'urn:theseus:problem:MigrationInProgress' },
    });
    expect(body.detail).toContain(first.id);
    await platform.until(first.id, 'soaking');
    await platform.act(first.id, 'rollback');
    await platform.until(first.id, 'rolled_back');
    await platform.act(second.id, 'rollback');
  });
});

describe('the second pair of eyes', () => {
  it('approval is bound to the plan that was read', async () => {
    const { id } = await platform.start({
      database: 'shop',
      operations,
      options: { requireApproval: true, soakSeconds: 0 },
    });
    const { plan } = await platform.until(id, 'waiting_for_approval');
    const decide = (verb: string, body: object, subject: Subject = 'peter') =>
      platform.request('POST', `/migrations/${id}/${verb}`, { body, subject });
    expect((await decide('approve', {})).status).toBe(400);
    expect((await decide('approve', { planHash: 'another' })).status).toBe(409);
    expect((await decide('approve', { planHash: plan?.hash }, 'olga')).status).toBe(403);
    expect((await decide('approve', { planHash: plan?.hash, comment: 'seen' })).status).toBe(200);
    const done = await platform.until(id, 'completed');
    expect(done.approval).toMatchObject({ decision: 'approved', by: 'peter', comment: 'seen' });
    const events = await platform.request('GET', `/migrations/${id}/events?limit=100`);
    const actors = events.body.items.map(
      (one: { type: string; actor: string }) => `${one.type} ${one.actor}`,
    );
    expect(actors).toContain('migration.started ada');
    expect(actors).toContain('plan.approved peter');
    await platform.act(id, 'undo', { acceptLosses: true });
    await platform.until(id, 'undone');
  });
});

describe('repeats and pages', () => {
  it('a repeated POST gets the first answer, another body under the same key is refused', async () => {
    const key = { 'idempotency-key': 'once-and-only' };
    const first = await platform.request('POST', '/migrations', { body: newMigration, headers: key });
    const again = await platform.request('POST', '/migrations', { body: newMigration, headers: key });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body.id).toBe(first.body.id);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await platform.request('POST', '/migrations', {
      body: { ...newMigration, fileName: 'x' },
      headers: key,
    });
    expect(other.body).toMatchObject({ status: 422, type: 'urn:theseus:problem:IdempotencyKeyReused' });
    const theirs = await platform.request('POST', '/migrations', {
      body: newMigration,
      headers: key,
      subject: 'olga',
    });
    expect(theirs.body.id).not.toBe(first.body.id);
    const bad = await platform.request('POST', '/migrations', {
      body: newMigration,
      headers: { 'idempotency-key': 'a b' },
    });
    expect(bad.status).toBe(400);
    for (const { id } of [first.body, theirs.body]) await platform.act(id, 'rollback');
  });

  it('eight at once under one key plan one migration', async () => {
    const headers = { 'idempotency-key': 'all-together' };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        platform.request('POST', '/migrations', { body: newMigration, headers }),
      ),
    );
    const ids = new Set(answers.flatMap(({ status, body }) => (status === 201 ? [body.id] : [])));
    expect(ids.size).toBe(1);
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    for (const id of ids) await platform.act(id, 'rollback');
  });

  it('pages hold every migration once, newest first, also by database and status', async () => {
    const all = (await platform.request('GET', '/migrations?limit=100')).body.items;
    const paged: { id: string; createdAt: string }[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 50; page++) {
      const query = `limit=2&database=shop${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const { body } = await platform.request('GET', `/migrations?${query}`);
      paged.push(...body.items);
      cursor = body.nextCursor;
      if (cursor === undefined) break;
    }
    expect(paged.map(({ id }) => id)).toEqual(all.map(({ id }: { id: string }) => id));
    expect(paged.map(({ createdAt }) => createdAt)).toEqual(
      paged
        .map(({ createdAt }) => createdAt)
        .toSorted()
        .toReversed(),
    );
    const undone = (await platform.request('GET', '/migrations?status=undone')).body.items;
    expect(undone).toHaveLength(1);
  });
});

describe('the password of a database', () => {
  it('is in no answer, no event, no history and no file but the sealed secret', async () => {
    const { id } = await platform.start({ database: 'shop', operations, options: { soakSeconds: 0 } });
    await platform.until(id, 'completed');
    const refused = await platform.request('POST', '/databases', {
      body: { name: 'wrong', url: url.replace(/\/[^/]*$/, '/nowhere') },
    });
    expect(refused.status).toBe(422);
    const answers = [refused.body];
    for (const path of [
      '/databases',
      '/databases/shop',
      '/migrations',
      `/migrations/${id}`,
      `/migrations/${id}/plan`,
      `/migrations/${id}/events`,
    ])
      answers.push((await platform.request('GET', path)).body);
    const forms = [password, encodeURIComponent(password), Buffer.from(password).toString('base64')];
    for (const form of forms) expect(JSON.stringify(answers)).not.toContain(form);
    const entries = await readdir(platform.directory, { recursive: true, withFileTypes: true });
    let read = 0;
    for (const entry of entries.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path);
      const content = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
      for (const form of forms) expect(content.includes(form), path).toBe(false);
      read++;
    }
    expect(read).toBeGreaterThan(20);
  });
});
