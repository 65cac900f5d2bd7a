import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { type Platform, startPlatform } from './harness.ts';

const rename = 'operations:\n  - rename_table: {from: items, to: parts}\n';

describe('the HTTP API', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({ rows: 5 });
  });

  it.each([
    ['a file that is no YAML', { file: ': : :' }, 400, 'MigrationFileInvalid'],
    [
      'an unknown field of the file',
      { file: 'operations: [{rename_table: {from: a, to: b, now: 1}}]' },
      400,
      'MigrationFileInvalid',
    ],
    ['a file over the limit', { file: `# ${'x'.repeat(262_144)}\n${rename}` }, 400, 'InvalidInput'],
    ['an unknown field of the body', { file: rename, extra: 1 }, 400, 'InvalidInput'],
    ['an unknown database', { file: rename, database: 'nowhere' }, 404, 'NotFound'],
    ['an unknown table', { file: 'operations: [{drop_table: {name: nothing}}]' }, 400, 'TableNotFound'],
    [
      'a column that exists',
      { file: 'operations: [{add_column: {table: items, column: {name: sku, type: text, nullable: true}}}]' },
      400,
      'ColumnExists',
    ],
    [
      'an up that does not parse',
      {
        file: "operations: [{alter_column: {table: items, column: sku, type: int, up: 'sku sku sku', down: sku}}]",
      },
      400,
      'ExpressionInvalid',
    ],
    [
      'a change of a table that it cannot make',
      { file: 'operations: [{add_column: {table: items, column: {name: key, type: int, pk: true}}}]' },
      400,
      'OperationUnsupported',
    ],
  ])('refuses %s and keeps nothing', async (_what, body, status, name) => {
    const answer = await platform.send('POST', '/migrations', {
      database: 'shop',
      fileName: 'x.yaml',
      ...body,
    });
    expect(answer.body).toMatchObject({ type: `urn:theseus:problem:${name}`, status: answer.status });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect((await platform.send('GET', '/migrations')).body.items).toEqual([]);
  });

  it('refuses at start what the data breaks, with nothing changed', async () => {
    const { plan, act, until, sql } = platform;
    await sql(
      `INSERT INTO items (order_id, sku, quantity) SELECT order_id, sku, quantity FROM items WHERE id = 1`,
    );
    const { id } = await plan(
      'operations:\n  - alter_column:\n      table: items\n      column: sku\n      unique: {name: items_sku_key}\n      up: sku\n      down: sku\n',
    );
    await act(id, 'start', { consents: ['constraint_refuses_old_clients'] }).catch(() => act(id, 'start'));
    const rejected = await until(id, 'rejected');
    expect(rejected.failure).toMatchObject({ name: 'ValidationFailed' });
    expect(rejected.failure?.evidence.findings).toHaveLength(1);
    expect(await sql(`SELECT to_regnamespace('theseus') AS control`)).toEqual([{ control: null }]);
    await sql('DELETE FROM items WHERE id > 5');
  });

  it('registers a database only once it was reached, and never shows its password', async () => {
    const { send, url, directory } = platform;
    const { password } = new URL(url);
    const unreachable = new URL(url);
    unreachable.port = '1';
    const down = await send('POST', '/databases', { name: 'down', url: unreachable.href });
    expect(down.body).toMatchObject({ status: 503, type: 'urn:theseus:problem:DatabaseUnreachable' });
    const wrong = new URL(url);
    wrong.password = 'not-the-password';
    const refused = await send('POST', '/databases', { name: 'refused', url: wrong.href });
    expect(refused.body).toMatchObject({ status: 422, type: 'urn:theseus:problem:DatabaseRefused' });
    const twice = await send('POST', '/databases', { name: 'shop', url });
    expect(twice.body).toMatchObject({ status: 409, type: 'urn:theseus:problem:Conflict' });
    const both = await send('POST', '/databases', { name: 'both' });
    expect(both.body).toMatchObject({ status: 400, errors: [{ pointer: '/body/secretArn' }] });

    const other = await createDatabase('other');
    const added = await send('POST', '/databases', { name: 'other', url: other });
    expect(added).toMatchObject({ status: 201, body: { name: 'other', facts: { user: 'postgres' } } });
    const listed = await send('GET', '/databases?limit=1');
    expect(listed.body.items).toHaveLength(1);
    const rest = await send('GET', `/databases?limit=10&cursor=${listed.body.nextCursor}`);
    expect([...listed.body.items, ...rest.body.items].map(({ name }: { name: string }) => name)).toEqual([
      'other',
      'shop',
    ]);
    const seen = JSON.stringify([down.body, refused.body, added.body, listed.body, rest.body]);
    expect(seen).not.toContain(password);
    expect((await send('DELETE', '/databases/other')).status).toBe(204);
    expect((await send('GET', '/databases/other')).status).toBe(404);
    expect((await send('GET', `/databases/${added.body.id}`)).status).toBe(404);
    // Nothing on disk holds it in the clear, but the vault of secrets, which is encrypted.
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile())) {
      const text = await readFile(join(file.parentPath, file.name), 'latin1');
      expect(text.includes(password), file.name).toBe(false);
    }
  });

  it('answers a repeated request with the first answer', async () => {
    const { send } = platform;
    const key = { 'idempotency-key': randomUUID() };
    const body = { database: 'shop', file: rename, fileName: 'again.yaml' };
    const answers = [
      await send('POST', '/migrations', body, key),
      await send('POST', '/migrations', body, key),
    ];
    expect(answers[0]?.body.id).toBe(answers[1]?.body.id);
    expect(answers[1]?.headers.get('idempotency-replayed')).toBe('true');
    const other = await send('POST', '/migrations', { ...body, fileName: 'other.yaml' }, key);
    expect(other.status).toBe(422);
  });

  it('lists migrations by database and status, page by page, newest first', async () => {
    const { plan, send, act } = platform;
    const ids = [];
    for (const name of ['a', 'b', 'c'])
      ids.push((await plan('04-rename-table.yaml', { fileName: `${name}.yaml` })).id);
    await act(ids[1] ?? '', 'rollback');
    const first = await send('GET', '/migrations?database=shop&status=planned&limit=1');
    expect(first.body.items.map(({ id }: { id: string }) => id)).toEqual([ids[2]]);
    const next = await send(
      'GET',
      `/migrations?database=shop&status=planned&limit=1&cursor=${first.body.nextCursor}`,
    );
    expect(next.body.items.map(({ id }: { id: string }) => id)).toEqual([ids[0]]);
    const cancelled = await send('GET', '/migrations?status=cancelled');
    expect(cancelled.body.items).toMatchObject([{ id: ids[1], database: { name: 'shop' } }]);
    const refused = await send('POST', `/migrations/${ids[1]}/start`, {});
    expect(refused.body).toMatchObject({ status: 409, evidence: { status: 'cancelled', possible: [] } });
    expect((await send('GET', '/migrations?cursor=nonsense')).status).toBe(400);
  });

  it('shows the whole plan, and what happened, published or not', async () => {
    const { plan, send, invoke } = platform;
    const { id } = await plan('05-shop.yaml');
    const whole = await send('GET', `/migrations/${id}/plan`);
    expect(whole.body).toMatchObject({ name: '05-shop', formatVersion: 1 });
    const types = async () =>
      (await send('GET', `/migrations/${id}/events`)).body.items.map(({ type }: { type: string }) => type);
    const before = await types();
    expect(before).toEqual(['migration.created', 'migration.planned']);
    await invoke('publish-events');
    expect(await types()).toEqual(before);
    const page = await send('GET', `/migrations/${id}/events?limit=1`);
    const rest = await send('GET', `/migrations/${id}/events?limit=1&cursor=${page.body.nextCursor}`);
    expect(rest.body).toMatchObject({ items: [{ type: 'migration.planned', sequence: 1 }] });
    expect(rest.body.nextCursor).toBeUndefined();
    expect((await send('GET', '/migrations/mig_none')).status).toBe(404);
  });

  it('has an OpenAPI document of every route', async () => {
    const { body } = await platform.send('GET', '/openapi.json');
    expect(body.openapi).toMatch(/^3\.1/);
    for (const verb of ['start', 'approve', 'reject', 'pause', 'resume', 'complete', 'rollback', 'undo']) {
      expect(body.paths).toHaveProperty([`/migrations/{id}/${verb}`, 'post']);
    }
    expect(body.components.schemas).toHaveProperty('Migration.properties.progress');
  });
});
