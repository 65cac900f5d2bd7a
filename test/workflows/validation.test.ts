import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { readRanges } from '#migrations/executions/progress.ts';
import { type Platform, startPlatform } from './harness.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ rows: 500 });
});

describe('a dry run', () => {
  const reader = `dry_run_reader_${process.pid}`;

  it('changes nothing, neither in the database nor at the platform, and needs only the right to read', async () => {
    const { sql, send, url } = platform;
    // Roles belong to the whole server, which test files share.
    await sql(`DROP ROLE IF EXISTS ${reader}; CREATE ROLE ${reader} LOGIN PASSWORD 'secret'`);
    await sql(
      `GRANT USAGE ON SCHEMA public TO ${reader}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${reader}`,
    );
    const readers = new URL(url);
    readers.username = reader;
    readers.password = 'secret';
    const added = await send('POST', '/databases', { name: 'readable', url: readers.toString() });
    expect(added.status).toBe(201);
    const state = async () => ({
      catalogue: await sql(
        `SELECT (SELECT count(*) FROM pg_class) AS classes, (SELECT count(*) FROM pg_attribute) AS columns,
           (SELECT count(*) FROM pg_proc) AS functions, (SELECT count(*) FROM pg_namespace) AS schemas`,
      ),
      // With the transaction and the place of each row: writing a row anew shows too. The server's counters come late.
      rows: await sql(
        `SELECT md5(string_agg(row, ';' ORDER BY row)) AS rows FROM (
           SELECT concat_ws(' ', 'orders', ctid, xmin, o.*) AS row FROM orders o
           UNION ALL SELECT concat_ws(' ', 'customers', ctid, xmin, c.*) FROM customers c
           UNION ALL SELECT concat_ws(' ', 'items', ctid, xmin, i.*) FROM items i) AS every`,
      ),
      migrations: (await send('GET', '/migrations')).body.items,
    });
    const before = await state();
    const body = {
      database: 'readable',
      fileName: '01-x.yaml',
      file: 'operations:\n  - alter_column: {table: orders, column: amount, type: bigint, up: amount, down: amount::int}\n',
    };
    const headers = { 'idempotency-key': 'a-dry-run' };
    const answer = await send('POST', '/migrations?dryRun=true', body, headers);
    expect(answer.status).toBe(200);
    expect(answer.body.plan.name).toBe('01-x');
    expect(answer.body.forecast.steps[0]).toMatchObject({
      id: 'expand.1',
      lock: { mode: 'ACCESS EXCLUSIVE' },
    });
    expect(answer.body.findings.length).toBeGreaterThan(0);
    expect(await state()).toEqual(before);
    // Nothing was kept for the key either: another body may use it.
    const again = await send('POST', '/migrations?dryRun=true', { ...body, fileName: '02-x.yaml' }, headers);
    expect(again.body).toMatchObject({ plan: { name: '02-x' } });
    const wrong = await send('POST', '/migrations?dryRun=true', { ...body, file: 'operations: 1' });
    expect(wrong).toMatchObject({ status: 400, body: { type: 'urn:theseus:problem:MigrationFileInvalid' } });
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    await admin.query(`DROP OWNED BY ${reader}; DROP ROLE ${reader}`);
    await admin.end();
  });
});

describe('rows that somebody writes past the triggers', () => {
  const damage = `UPDATE customers SET first_name = 'Nobody', last_name = 'Knows' WHERE id = 5`;
  const events = async (id: string) =>
    (await platform.send('GET', `/migrations/${id}/events?limit=100`)).body;

  it.each(['basic', 'full', 'strict'])('are found at level %s: an emergency', async (level) => {
    const { plan, act, until, hook, sql } = platform;
    const before = await sql('SELECT * FROM customers ORDER BY id');
    const options = { soakSeconds: 3_600, validationLevel: level };
    const { id } = await plan('01-split-name.yaml', { options });
    await act(id, 'start');
    await until(id, 'soaking');
    await sql('ALTER TABLE customers DISABLE TRIGGER USER');
    // It comes back after every repair.
    hook.current = async ({ name, stage }) => {
      if (name === 'migrations-plan-ranges' && stage === 'after') await sql(damage);
    };
    await act(id, 'complete');
    const { failure } = await until(id, 'rolled_back');
    hook.current = undefined;
    expect(failure).toMatchObject({ name: 'VerificationFailed', action: expect.any(String) });
    expect(JSON.stringify(failure?.evidence)).toContain('"5"');
    expect((await events(id)).items).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ type: 'rollback.emergency' }),
        expect.objectContaining({ type: 'rollback.started', data: { reason: 'corruption' } }),
      ]),
    );
    expect(await sql('SELECT * FROM customers ORDER BY id')).toEqual(before);
  });
});

describe('the validation level', () => {
  it('strict refuses what can only be verified for presence, and constraints nobody checked', async () => {
    const { sql, send } = platform;
    await sql('ALTER TABLE orders ADD CONSTRAINT small CHECK (amount < 100000000) NOT VALID');
    const file =
      'operations:\n  - alter_column: {table: orders, column: note, type: text, up: note || random(), down: note}\n';
    const body = { database: 'shop', fileName: 'x.yaml', file };
    const strict = await send('POST', '/migrations?dryRun=true', {
      ...body,
      options: { validationLevel: 'strict' },
    });
    expect(strict.status).toBe(400);
    expect(strict.body.detail).toContain('strict');
    expect(JSON.stringify(strict.body)).toContain('VALIDATE CONSTRAINT');
    expect(strict.body.errors).toHaveLength(2);
    expect((await send('POST', '/migrations?dryRun=true', body)).status).toBe(200);
    await sql('ALTER TABLE orders DROP CONSTRAINT small');
  });

  it('strict reads every row twice after publish, and basic only a sample', async () => {
    const { plan, act, until, sql } = platform;
    const rows = async (id: string) =>
      (await readRanges(id, 'verify-published')).map(({ pass, rowsSeen }) => [pass, rowsSeen]);
    const strict = await plan('02-change-type.yaml', {
      options: { soakSeconds: 0, validationLevel: 'strict' },
    });
    await act(strict.id, 'start');
    await until(strict.id, 'completed');
    expect(await rows(strict.id)).toEqual([
      [1, 500],
      [2, 500],
    ]);
    await act(strict.id, 'undo');
    await until(strict.id, 'undone');
    await sql(
      "INSERT INTO customers (name, email) SELECT 'Ada ' || n, 'a' || n FROM generate_series(1, 40000) n",
    );
    await sql('ANALYZE customers');
    const basic = await plan('01-split-name.yaml', { options: { soakSeconds: 0, validationLevel: 'basic' } });
    await act(basic.id, 'start');
    await until(basic.id, 'completed');
    const seen = await rows(basic.id);
    expect(seen).toHaveLength(10);
    expect(seen.every(([pass]) => pass === 1)).toBe(true);
    expect(seen.reduce((sum, [, count = 0]) => sum + count, 0)).toBe(10_000);
  });
});
