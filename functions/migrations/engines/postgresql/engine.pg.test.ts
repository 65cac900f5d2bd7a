import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { parseMigrationFile } from '../../file/parse.ts';
import { createPlan } from '../../plan/plan.ts';
import type { Plan, Step } from '../../plan/schemas.ts';
import type { Engine, Fence } from '../engine.ts';
import { openPostgres } from './engine.ts';

let url: string;
let engine: Engine;
let admin: pg.Client;

const examples = new URL('../../../../examples/', import.meta.url);
const run = () => ({ signal: new AbortController().signal, until: Date.now() + 20_000 });

beforeEach(async () => {
  url = await createDatabase('engine');
  admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await admin.query(await readFile(new URL('shop.sql', examples), 'utf8'));
  await admin.query(
    `INSERT INTO customers (name, email) SELECT 'First' || n || ' Middle Last' || n, n || '@shop' FROM generate_series(1, 500) n`,
  );
  await admin.query(
    `INSERT INTO orders (customer_id, amount, note) SELECT n, n * 7, nullif(n % 3, 0)::text FROM generate_series(1, 500) n`,
  );
  await admin.query(
    `INSERT INTO items (order_id, sku, quantity) SELECT n, 'sku' || n, n FROM generate_series(1, 500) n`,
  );
  engine = await openPostgres(url, { applicationName: 'theseus:test' });
});

afterEach(async () => {
  await engine.close();
  await admin.end();
});

async function planOf(name: string): Promise<Plan> {
  const file = await parseMigrationFile(await readFile(new URL(`${name}.yaml`, examples), 'utf8'), {
    fileName: `${name}.yaml`,
  });
  return createPlan({ file, snapshot: await engine.snapshot('public') });
}

async function steps(list: Step[], fence: Fence): Promise<void> {
  for (const step of list) {
    const result = await engine.runStep(step, fence, run());
    expect(result.status, step.purpose).toBe('done');
  }
}

async function untilContract(plan: Plan, fence: Fence): Promise<void> {
  expect(await engine.validate(plan, run())).toEqual([]);
  await engine.takeFence(fence, { name: plan.name, schema: 'public', phase: 'expand' });
  await steps(plan.expand, fence);
  await engine.setFencePhase(fence, 'backfill');
  for (const backfill of plan.backfill) {
    for (const range of await engine.splitRanges(backfill.table, backfill.key, 2)) {
      const { status } = await engine.backfillRange(backfill, range, null, fence, {
        ...run(),
        pace: { chunkRows: 200, pauseMs: 0 },
        onProgress: async () => true,
      });
      expect(status).toBe('done');
    }
  }
  await steps(plan.index, fence);
  await steps(plan.constrain, fence);
  for (const verification of plan.verify) {
    const result = await engine.verifyRange(
      verification,
      'beforePublish',
      { from: null, to: null },
      null,
      fence,
      { ...run(), repair: false },
    );
    expect(result).toMatchObject({ status: 'done', wrong: 0, rowsChecked: 500 });
  }
  await steps(plan.publish, fence);
}

/** Names, types and constraints of what the user can see, and every row. */
async function state(): Promise<unknown> {
  const shape = await engine.snapshot('public');
  const tables = shape.tables.map(({ oid: _oid, bytes: _bytes, estimatedRows: _rows, ...table }) => ({
    ...table,
    referencedBy: table.referencedBy.map(({ oid: __oid, ...rest }) => rest),
  }));
  const rows = [];
  for (const { physical, columns } of shape.tables) {
    const list = columns.map((column) => pg.escapeIdentifier(column.physical)).join(', ');
    rows.push(
      (await admin.query(`SELECT ${list} FROM public.${pg.escapeIdentifier(physical)} ORDER BY 1`)).rows,
    );
  }
  return {
    tables,
    rows,
    names: shape.takenNames,
    schemas: shape.schemas.filter((name) => name !== 'theseus'),
  };
}

const names = ['01-split-name', '02-change-type', '03-add-not-null', '04-rename-table', '05-shop'];

describe('the engine on the plans of the examples', () => {
  it.each(names)(
    '%s: leaves schema and rows as before when it is rolled back, and when undone',
    async (name) => {
      const before = await state();
      const plan = await planOf(name);
      const definitions = await engine.definitions(plan);
      expect(JSON.stringify(definitions)).toContain('CREATE TABLE');
      const fence = { migration: 'mig_1', epoch: 1 };
      await untilContract(plan, fence);
      await steps(plan.rollback, fence);
      expect(await state()).toEqual(before);
      const again = { migration: 'mig_2', epoch: 1 };
      await untilContract(plan, again);
      await steps(plan.contract, again);
      await steps(plan.undoContract, again);
      await steps(plan.rollback, again);
      expect(await state()).toEqual(before);
    },
  );

  it.each(names)(
    '%s: shows old and new clients the same rows, and keeps what new ones see at removal',
    async (name) => {
      const plan = await planOf(name);
      const fence = { migration: 'mig_1', epoch: 1 };
      await untilContract(plan, fence);
      await steps(plan.contract, fence);
      const views = await admin.query<{ name: string }>(
        `SELECT table_name AS name FROM information_schema.views WHERE table_schema = $1`,
        [plan.versionSchema],
      );
      expect(views.rows.length).toBeGreaterThan(0);
      const read = async () => {
        const rows = [];
        for (const { name: view } of views.rows) {
          const shown = `${pg.escapeIdentifier(plan.versionSchema)}.${pg.escapeIdentifier(view)}`;
          rows.push((await admin.query(`SELECT * FROM ${shown} ORDER BY id`)).rows);
        }
        return rows;
      };
      const before = await read();
      expect(before[0]).toHaveLength(500);
      await steps(plan.removal, fence);
      expect(await read()).toEqual(before);
      const left = await engine.snapshot('public');
      for (const table of left.tables) {
        expect(table.physical).toBe(table.name);
        for (const column of table.columns) expect(column.physical).toBe(column.name);
      }
      const { rows } = await admin.query(
        `SELECT count(*)::int AS triggers FROM pg_trigger WHERE NOT tgisinternal`,
      );
      expect(rows).toEqual([{ triggers: 0 }]);
    },
  );

  it('runs them one upon the other, all inside their undo windows, removes the first and undoes the rest', async () => {
    const plans: { plan: Plan; fence: Fence }[] = [];
    for (const [at, name] of names.slice(0, 4).entries()) {
      const plan = await planOf(name);
      const fence = { migration: `mig_${at}`, epoch: 1 };
      await untilContract(plan, fence);
      await steps(plan.contract, fence);
      plans.push({ plan, fence });
    }
    const version = plans[3]?.plan.versionSchema ?? '';
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`SET search_path = ${pg.escapeIdentifier(version)}, public`);
    await client.query(
      `INSERT INTO customers (id, first_name, last_name, email) VALUES (1000, 'Mary Ann', 'Smith', 'm@x')`,
    );
    await client.query(`UPDATE orders SET amount = 5000000000 WHERE id = 1`);
    await client.query(`UPDATE order_items SET quantity = 9 WHERE id = 1`);
    await client.end();
    const { rows } = await admin.query(
      `SELECT name, (SELECT amount FROM orders WHERE id = 1) AS amount FROM customers WHERE id = 1000`,
    );
    expect(rows).toEqual([{ name: 'Mary Ann Smith', amount: 2147483647 }]);
    const [first, ...later] = plans;
    if (first === undefined) throw new Error('four plans');
    await steps(first.plan.removal, first.fence);
    for (const { plan, fence } of later.toReversed()) {
      await steps(plan.undoContract, fence);
      await steps(plan.rollback, fence);
    }
    const end = await engine.snapshot('public');
    expect(end.tables.map(({ name }) => name)).toEqual(['customers', 'items', 'orders']);
    expect(end.tables[0]?.columns.map(({ name }) => name)).toEqual([
      'id',
      'email',
      'created_at',
      'first_name',
      'last_name',
    ]);
    expect(end.tables[2]?.columns.map(({ name, type }) => `${name} ${type}`)).toContain('amount integer');
  });
});
