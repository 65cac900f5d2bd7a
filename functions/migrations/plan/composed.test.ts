import { describe, expect, it } from 'vitest';
import { parseMigrationFile } from '../file/parse.ts';
import { composeColumns } from './composed.ts';
import { createPlan } from './plan.ts';
import { shop } from './testing/snapshot.ts';

const file = (operations: unknown[]) => parseMigrationFile(JSON.stringify({ name: '01_m', operations }));
const bodies = async (...operations: unknown[]) =>
  (await composeColumns(file(operations).operations)).map((one) =>
    one.kind === 'composed' ? `into ${one.into}` : one.body,
  );
const add = (column: object, more: object = {}) => ({
  add_column: { table: 'orders', column: { name: 'x', type: 'int', ...column }, ...more },
});
const alter = (more: object) => ({ alter_column: { table: 'orders', column: 'x', ...more } });

describe('several operations on one column', () => {
  it('are one: up after up, down before down', async () => {
    const [one, joined] = await bodies(
      alter({ type: 'bigint', up: 'x + note', down: 'x - 1' }),
      alter({ name: 'y', type: 'text', up: 'x || note', down: 'x::bigint', nullable: true }),
    );
    expect(joined).toBe('into 0');
    expect(one).toEqual({
      table: 'orders',
      column: 'x',
      name: 'y',
      type: 'text',
      nullable: true,
      up: 'CAST(("x" + "note") AS bigint) || "note"',
      down: 'CAST((CAST("y" AS bigint)) AS bigint) - 1',
    });
  });

  it('of a column that the file adds become its up, its type and its name', async () => {
    expect(
      await bodies(add({}, { up: 'amount / 2' }), alter({ type: 'text', up: `'n' || x`, down: 'x' })),
    ).toEqual([
      { table: 'orders', column: { name: 'x', type: 'text' }, up: `'n' || CAST(("amount" / 2) AS int)` },
      'into 0',
    ]);
    expect(await bodies(add({ default: '5' }), alter({ default: null, name: 'z', nullable: true }))).toEqual([
      { table: 'orders', column: { name: 'z', type: 'int', nullable: true }, up: 'CAST((5) AS int)' },
      'into 0',
    ]);
    const three = await bodies(
      add({}, { up: '1' }),
      alter({ type: 'bigint' }),
      alter({ type: 'text', up: 'x', down: 'x' }),
    );
    expect(three.slice(1)).toEqual(['into 0', 'into 0']);
  });

  it('read the row below another FROM', async () => {
    const [one] = await bodies(
      add({}, { up: 'amount' }),
      alter({ up: '(SELECT max(amount) FROM items WHERE items.n = orders.x)', nullable: false }),
    );
    expect(one).toMatchObject({
      up: '(SELECT max(amount) FROM items WHERE items.n = CAST(("orders"."amount") AS int))',
    });
  });

  it.each([
    [
      'a check of values that change after it',
      [
        alter({ check: { name: 'c', constraint: 'x > 0' }, up: 'x', down: 'x' }),
        alter({ type: 'text', up: 'x', down: 'x' }),
      ],
    ],
    [
      'two unique constraints',
      [
        alter({ unique: { name: 'u' }, up: 'x', down: 'x' }),
        alter({ unique: { name: 'v' }, up: 'x', down: 'x' }),
      ],
    ],
    [
      'something between that reads the column',
      [
        add({}, { up: '1' }),
        { create_index: { name: 'i', table: 'orders', columns: [{ column: 'x' }] } },
        alter({ type: 'bigint' }),
      ],
    ],
    [
      'another table',
      [add({}, { up: '1' }), { alter_column: { table: 'customers', column: 'x', type: 'text' } }],
    ],
  ])('stay apart: %s', async (_, operations) => {
    expect(await bodies(...operations)).toEqual(file(operations).operations.map(({ body }) => body));
  });

  it('ask for up where a value would become another type by itself', async () => {
    const plain = bodies(add({}, { up: '1' }), alter({ type: 'smallint' }));
    await expect(plain).rejects.toMatchObject({
      name: 'UpRequired',
      problems: [{ pointer: '/operations/1/alter_column/up' }],
    });
  });

  it('stand in the plan as the file has them, each in its place', async () => {
    const operations = [
      add({ name: 'state' }, { up: 'amount' }),
      { alter_column: { table: 'orders', column: 'state', type: 'text', up: `'s' || state`, down: '0' } },
      { drop_column: { table: 'orders', column: 'nothing' } },
    ];
    const { operations: said } = await createPlan({ file: file(operations.slice(0, 2)), snapshot: shop() });
    expect(said).toMatchObject([
      { kind: 'add_column', summary: 'Add column "state" text to "orders"' },
      { kind: 'alter_column', summary: 'Composed into operation 1: one change of the column' },
    ]);
    await expect(createPlan({ file: file(operations), snapshot: shop() })).rejects.toMatchObject({
      problems: [{ pointer: '/operations/2/drop_column/column' }],
    });
  });
});
