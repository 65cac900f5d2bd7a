import { describe, expect, it } from 'vitest';
import { InvalidInput } from '#platform/errors.ts';
import { parseMigrationFile } from '../file/parse.ts';
import { createPlan } from '../plan/plan.ts';
import type { Snapshot } from '../plan/snapshot.ts';
import { column, shop, snapshot, table } from '../plan/testing/snapshot.ts';

/** The error's name, its first pointer and its message. */
async function refused(
  operations: unknown[],
  from: Snapshot = shop(),
): Promise<{ name: string; pointer: string | undefined; message: string; action: string | undefined }> {
  const file = parseMigrationFile(JSON.stringify({ name: 'm', operations }));
  const error = await createPlan({ file, snapshot: from }).then(
    () => null,
    (caught: unknown) => caught,
  );
  if (!(error instanceof InvalidInput)) throw new Error(`Expected a refusal, found ${String(error)}`);
  return {
    name: error.name,
    pointer: error.problems[0]?.pointer,
    message: error.message,
    action: error.action,
  };
}

const add = (columnFacts: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  add_column: {
    table: 'orders',
    column: { name: 'c', type: 'text', nullable: true, ...columnFacts },
    ...more,
  },
});
const alter = (change: Record<string, unknown>) => ({
  alter_column: { table: 'orders', column: 'amount', ...change },
});

const create = (change: Record<string, unknown>) => ({
  create_constraint: { table: 'orders', name: 'c', up: {}, down: {}, ...change },
});

describe('a wrong file is refused by name, with the field and what to do', () => {
  it.each<[string, unknown[], string, string]>([
    [
      'TableNotFound',
      [{ drop_table: { name: 'ordrs' } }],
      '/operations/0/drop_table/name',
      'did you mean "orders"',
    ],
    [
      'TableNotFound',
      [{ drop_table: { name: 'items' } }, { drop_table: { name: 'items' } }],
      '/operations/1/drop_table/name',
      'dropped earlier',
    ],
    [
      'TableExists',
      [{ rename_table: { from: 'items', to: 'orders' } }],
      '/operations/0/rename_table/to',
      'stands already',
    ],
    [
      'TableExists',
      [{ create_table: { name: 'orders', columns: [] } }],
      '/operations/0/create_table/name',
      'stands already',
    ],
    [
      'ColumnNotFound',
      [{ drop_column: { table: 'orders', column: 'amont' } }],
      '/operations/0/drop_column/column',
      'did you mean "amount"',
    ],
    [
      'ColumnNotFound',
      [add({}, { up: 'custmer_id::text' })],
      '/operations/0/add_column/up',
      'did you mean "customer_id"',
    ],
    [
      'ColumnNotFound',
      [{ drop_column: { table: 'orders', column: 'note', down: 'nothing' } }],
      '/operations/0/drop_column/down',
      'no column "nothing"',
    ],
    ['ColumnExists', [add({ name: 'note' })], '/operations/0/add_column/column/name', 'already'],
    [
      'ColumnExists',
      [{ rename_column: { table: 'orders', from: 'note', to: 'amount' } }],
      '/operations/0/rename_column/to',
      'already',
    ],
    [
      'IndexNotFound',
      [{ drop_index: { name: 'orders_customer' } }],
      '/operations/0/drop_index/name',
      'did you mean "orders_customer_id"',
    ],
    [
      'NameTaken',
      [{ create_index: { name: 'orders_customer_id', table: 'orders', columns: [{ column: 'note' }] } }],
      '/operations/0/create_index/name',
      'taken',
    ],
    ['UpRequired', [add({ nullable: false })], '/operations/0/add_column/up', 'NOT NULL'],
    ['UpRequired', [alter({ type: 'boolean', down: '0' })], '/operations/0/alter_column/up', 'needs up'],
    ['DownRequired', [alter({ type: 'bigint' })], '/operations/0/alter_column/down', 'needs down'],
    [
      'DownRequired',
      [{ drop_column: { table: 'customers', column: 'name' } }],
      '/operations/0/drop_column/down',
      'NOT NULL without a default',
    ],
    [
      'TypeInvalid',
      [add({ type: 'int, DROP COLUMN id' })],
      '/operations/0/add_column/column/type',
      'not the name of a type',
    ],
    ['ExpressionInvalid', [add({}, { up: 'note +' })], '/operations/0/add_column/up', 'character 7'],
    [
      'ExpressionInvalid',
      [add({}, { up: 'note) FROM customers WHERE (true' })],
      '/operations/0/add_column/up',
      'syntax error',
    ],
    [
      'ExpressionInvalid',
      [add({ default: 'customer_id' })],
      '/operations/0/add_column/column/default',
      'not one SQL expression',
    ],
    ['ExpressionInvalid', [{ sql: { up: 'SELEC 1' } }], '/operations/0/sql/up', 'does not parse'],
    [
      'DuplicateOperation',
      [
        alter({ type: 'bigint', up: 'amount', down: 'amount::int' }),
        { drop_column: { table: 'orders', column: 'amount' } },
      ],
      '/operations/1/drop_column/column',
      'operation 1',
    ],
    ['OperationUnsupported', [{ sql: { up: 'VACUUM' } }], '/operations/0/sql/up', 'VacuumStmt'],
    [
      'OperationUnsupported',
      [{ sql: { up: 'SELECT 1; COMMIT' } }],
      '/operations/0/sql/up',
      'TransactionStmt',
    ],
    [
      'OperationUnsupported',
      [{ drop_column: { table: 'orders', column: 'id' } }],
      '/operations/0/drop_column/column',
      'primary key',
    ],
    ['OperationUnsupported', [add({ pk: true })], '/operations/0/add_column/column/pk', 'not supported yet'],
    [
      'ConstraintNotFound',
      [
        { rename_table: { from: 'items', to: 'a' } },
        { rename_constraint: { table: 'a', from: 'items_order_fkey', to: 'y' } },
      ],
      '/operations/1/rename_constraint/from',
      'did you mean "items_order_id_fkey"',
    ],
    [
      'NameTaken',
      [{ rename_constraint: { table: 'items', from: 'items_order_id_fkey', to: 'items_pkey' } }],
      '/operations/0/rename_constraint/to',
      'taken',
    ],
    [
      'NameTaken',
      [create({ type: 'check', check: 'true' }), create({ type: 'check', check: 'true' })],
      '/operations/1/create_constraint/name',
      'taken',
    ],
    [
      'MigrationFileInvalid',
      [create({ type: 'exclude' })],
      '/operations/0/create_constraint/type',
      'Expected UNIQUE',
    ],
    [
      'MigrationFileInvalid',
      [create({ type: 'unique' })],
      '/operations/0/create_constraint/columns',
      'at least one',
    ],
    [
      'MigrationFileInvalid',
      [create({ type: 'unique', columns: ['note', 'note'] })],
      '/operations/0/create_constraint/columns/1',
      'twice',
    ],
    [
      'MigrationFileInvalid',
      [create({ type: 'check' })],
      '/operations/0/create_constraint/check',
      'needs check',
    ],
    [
      'MigrationFileInvalid',
      [create({ type: 'foreign_key', columns: ['note'] })],
      '/operations/0/create_constraint/references',
      'needs references',
    ],
    [
      'MigrationFileInvalid',
      [
        create({
          type: 'foreign_key',
          columns: ['note'],
          references: { table: 'customers', columns: ['name'] },
        }),
      ],
      '/operations/0/create_constraint/references/columns',
      'no primary key or unique constraint over name',
    ],
    [
      'MigrationFileInvalid',
      [
        create({
          type: 'foreign_key',
          columns: ['note', 'amount'],
          references: { table: 'customers', columns: ['id'] },
        }),
      ],
      '/operations/0/create_constraint/references/columns',
      '2 columns point to 1',
    ],
    [
      'MigrationFileInvalid',
      [create({ type: 'unique', columns: ['note'], up: { amount: '1' } })],
      '/operations/0/create_constraint/up/amount',
      'not among the columns',
    ],
    [
      'MigrationFileInvalid',
      [
        create({
          type: 'unique',
          columns: ['note'],
          index_parameters: { storage_parameters: 'fillfactor = 70) WHERE (true' },
        }),
      ],
      '/operations/0/create_constraint/index_parameters/storage_parameters',
      'do not parse',
    ],
    [
      'OperationUnsupported',
      [create({ type: 'primary_key', columns: ['note'] })],
      '/operations/0/create_constraint/type',
      'second primary key',
    ],
    [
      'OperationUnsupported',
      [create({ type: 'check', check: 'id > 0', columns: ['id'], up: { id: 'abs(id)' } })],
      '/operations/0/create_constraint/column',
      'primary key column',
    ],
    [
      'OperationUnsupported',
      [{ drop_constraint: { table: 'orders', name: 'orders_pkey', up: 'id', down: 'id' } }],
      '/operations/0/drop_constraint/name',
      'primary_key',
    ],
    [
      'ConstraintNotFound',
      [{ drop_constraint: { table: 'orders', name: 'nothing', up: '1', down: '1' } }],
      '/operations/0/drop_constraint/name',
      'no constraint "nothing"',
    ],
    [
      'DownRequired',
      [{ drop_multicolumn_constraint: { table: 'orders', name: 'orders_customer_id_fkey', down: {} } }],
      '/operations/0/drop_multicolumn_constraint/down',
      '"customer_id"',
    ],
    [
      'MigrationFileInvalid',
      [
        {
          drop_multicolumn_constraint: {
            table: 'orders',
            name: 'orders_customer_id_fkey',
            down: { note: '1' },
          },
        },
      ],
      '/operations/0/drop_multicolumn_constraint/down/note',
      'not a column of',
    ],
    [
      'IndexNotFound',
      [{ set_replica_identity: { table: 'orders', identity: { type: 'index', index: 'orders_key' } } }],
      '/operations/0/set_replica_identity/identity/index',
      'did you mean "orders_pkey"',
    ],
    [
      'MigrationFileInvalid',
      [
        {
          set_replica_identity: { table: 'orders', identity: { type: 'index', index: 'orders_customer_id' } },
        },
      ],
      '/operations/0/set_replica_identity/identity/index',
      'is not unique',
    ],
    [
      'MigrationFileInvalid',
      [{ set_replica_identity: { table: 'orders', identity: { type: 'some', index: '' } } }],
      '/operations/0/set_replica_identity/identity/type',
      'Expected DEFAULT',
    ],
    [
      'OperationUnsupported',
      [add({ name: 'first' }), add({ name: 'second' }, { up: 'first' })],
      '/operations/1/add_column/up',
      'do not have',
    ],
    ['MigrationFileInvalid', [alter({})], '/operations/0/alter_column', 'changes nothing'],
    [
      'MigrationFileInvalid',
      [{ create_index: { name: 'i', table: 'orders', columns: [{ column: 'note', sort: 'UP' }] } }],
      '/operations/0/create_index/columns/0/sort',
      'Expected ASC, DESC',
    ],
    [
      'MigrationFileInvalid',
      [
        {
          create_index: {
            name: 'i',
            table: 'orders',
            columns: [{ column: 'note', opclass: { name: 'text_ops', params: ['a = 1), (id'] } }],
          },
        },
      ],
      '/operations/0/create_index',
      'do not parse',
    ],
  ])('%s %#', async (name, operations, pointer, text) => {
    const found = await refused(operations);
    expect(found).toMatchObject({ name, pointer });
    expect(found.message).toContain(text);
    expect(found.action).toBeTruthy();
  });
});

describe('a table that cannot be changed so is refused', () => {
  const change = [{ alter_column: { table: 't', column: 'a', type: 'text', up: 'a::text', down: 'a::int' } }];
  const t = (facts: Parameters<typeof table>[3]) => snapshot([table('t', 1, [column('a', 'int')], facts)]);

  it('without a key to walk along', async () => {
    expect(await refused(change, t({ key: [] }))).toMatchObject({ name: 'NoUsableKey' });
  });
  it('a partition by itself, or foreign', async () => {
    expect((await refused(change, t({ kind: 'partition' }))).message).toContain('partition "t"');
    expect((await refused(change, t({ kind: 'foreign' }))).message).toContain('foreign table "t"');
  });
  it('with row security on a server whose views would bypass it', async () => {
    const old = { ...t({ rowSecurity: true }), serverVersion: 140_010 };
    expect((await refused(change, old)).message).toContain('row security');
  });
  it('with row security and rights on single columns, which no view can keep both', async () => {
    const grants = [{ grantee: 'x', privileges: ['SELECT'], columns: ['a'] }];
    expect((await refused(change, t({ rowSecurity: true, grants }))).message).toContain(
      'rights on single columns',
    );
  });
  it('when others point to the column', async () => {
    const reference = {
      schema: 'public',
      table: 'u',
      oid: 2,
      constraint: 'u_fk',
      columns: ['x'],
      referencedColumns: ['a'],
      definition: 'FOREIGN KEY (x) REFERENCES t(a)',
    };
    expect((await refused(change, t({ referencedBy: [reference] }))).message).toContain('u_fk');
  });
  it('when the version’s schema stands already', async () => {
    expect(await refused(change, { ...t({}), schemas: ['public', 'public_m'] })).toMatchObject({
      name: 'NameTaken',
      pointer: '/name',
    });
  });
});
