import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { type Run, startRun } from '../testing/run.ts';
import { shape } from '../testing/shape.ts';

const examples = new URL('../../../examples/', import.meta.url);
const example = (name: string) => readFile(new URL(name, examples), 'utf8');

let url: string;
let sql: pg.Client;

beforeEach(async () => {
  url = await createDatabase('plan');
  sql = new pg.Client({ connectionString: url });
  await sql.connect();
  await sql.query(await example('shop.sql'));
  await sql.query(`
    INSERT INTO customers (name, email) SELECT 'Mary Ann Smith ' || g, g || '@shop' FROM generate_series(1, 40) g;
    INSERT INTO orders (customer_id, amount, note) SELECT g, g, nullif('n' || g % 3, 'n0') FROM generate_series(1, 40) g;
    INSERT INTO items (order_id, sku, quantity) SELECT g, 'sku', g FROM generate_series(1, 40) g`);
});

afterEach(() => sql.end());

async function rows(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const result = await sql.query<Record<string, unknown>>(text, values);
  return result.rows;
}

/** Runs statements as a client of the version: its path comes first. */
async function asNew(run: Run, text: string): Promise<Record<string, unknown>[]> {
  await sql.query(`SET search_path = ${pg.escapeIdentifier(run.plan.versionSchema)}, public`);
  const found = await rows(text);
  await sql.query('RESET search_path');
  return found;
}

describe('the examples on a real database', () => {
  it.each([
    '01-split-name.yaml',
    '02-change-type.yaml',
    '03-add-not-null.yaml',
    '04-rename-table.yaml',
    '05-shop.yaml',
  ])('%s: published, verified and rolled back without a trace', async (name) => {
    const before = await shape(sql);
    const run = await startRun(url, name, await example(name));
    expect(
      await run.engine.validate(run.plan, {
        signal: new AbortController().signal,
        until: Date.now() + 60_000,
      }),
    ).toEqual([]);
    await run.publish();
    expect(await run.verify('beforePublish')).toBe(0);
    expect(await run.verify('afterPublish')).toBe(0);
    await run.steps(run.plan.rollback);
    expect(await shape(sql)).toEqual(before);
  });

  it('rolls back from a database in which nothing was made yet', async () => {
    const before = await shape(sql);
    const run = await startRun(url, '05-shop.yaml', await example('05-shop.yaml'));
    await run.steps(run.plan.rollback);
    expect(await shape(sql)).toEqual(before);
  });

  it('lets old and new clients of the shop see each other’s writes', async () => {
    const run = await startRun(url, '05-shop.yaml', await example('05-shop.yaml'));
    await run.publish();
    await asNew(run, `UPDATE customers SET first_name = 'Juan de la', last_name = 'Cruz' WHERE id = 1`);
    await sql.query(`UPDATE customers SET name = 'Grace Brewster Hopper' WHERE id = 2`);
    await asNew(run, `UPDATE orders SET amount = 5000000000 WHERE id = 1`);
    await asNew(run, `INSERT INTO orders (customer_id) VALUES (1)`);
    await sql.query(`INSERT INTO orders (customer_id, note) VALUES (2, 'gift')`);
    expect(await rows('SELECT id, name FROM customers WHERE id < 3 ORDER BY id')).toEqual([
      { id: '1', name: 'Juan de la Cruz' },
      { id: '2', name: 'Grace Brewster Hopper' },
    ]);
    expect(await asNew(run, 'SELECT first_name, last_name FROM customers WHERE id = 2')).toEqual([
      { first_name: 'Grace Brewster', last_name: 'Hopper' },
    ]);
    expect(await rows('SELECT amount FROM orders WHERE id = 1')).toEqual([{ amount: 2_147_483_647 }]);
    expect(await asNew(run, 'SELECT amount, status FROM orders WHERE id > 40 ORDER BY id')).toEqual([
      { amount: '0', status: 'open' },
      { amount: '0', status: 'noted' },
    ]);
    expect(await run.verify('afterPublish')).toBe(0);
  });

  it('contracts, is undone after that, and leaves the tables as they were', async () => {
    const before = await shape(sql);
    const run = await startRun(url, '05-shop.yaml', await example('05-shop.yaml'));
    await run.publish();
    await run.steps(run.plan.contract);
    await run.steps(run.plan.undoContract);
    await run.steps(run.plan.rollback);
    expect(await shape(sql)).toEqual(before);
    expect(await rows('SELECT count(*)::int AS n FROM theseus.groups')).toEqual([{ n: 0 }]);
  });

  it('removes the old version at the end, after which the plain tables are the new version', async () => {
    const run = await startRun(url, '05-shop.yaml', await example('05-shop.yaml'));
    await run.publish();
    await run.steps([...run.plan.contract, ...run.plan.removal]);
    expect(await rows('SELECT first_name, last_name FROM customers WHERE id = 1')).toEqual([
      { first_name: 'Mary Ann Smith', last_name: '1' },
    ]);
    expect(await rows('INSERT INTO orders (customer_id) VALUES (1) RETURNING amount, status')).toEqual([
      { amount: '0', status: 'open' },
    ]);
    expect(await rows('SELECT count(*)::int AS n FROM order_items')).toEqual([{ n: 40 }]);
    expect(await asNew(run, 'SELECT count(*)::int AS n FROM order_items')).toEqual([{ n: 40 }]);
    const next = await run.engine.snapshot('public');
    expect(
      next.tables.flatMap((table) => table.columns.filter((column) => column.name !== column.physical)),
    ).toEqual([]);
    expect(next.tables.map((table) => table.physical).sort()).toEqual(['customers', 'order_items', 'orders']);
  });
});
