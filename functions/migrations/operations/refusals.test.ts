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
      'OperationUnsupported',
      [
        { rename_table: { from: 'items', to: 'a' } },
        { rename_constraint: { table: 'a', from: 'x', to: 'y' } },
      ],
      '/operations/1/rename_constraint',
      'Operation 2 (rename_constraint) is not supported yet',
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

  it.each([
    'create_constraint',
    'drop_constraint',
    'drop_multicolumn_constraint',
    'rename_constraint',
    'set_replica_identity',
  ])('%s: not yet', async (kind) => {
    const bodies: Record<string, unknown> = {
      create_constraint: { table: 'orders', name: 'c', type: 'unique', up: {}, down: {} },
      drop_constraint: { table: 'orders', name: 'c', up: '', down: '' },
      drop_multicolumn_constraint: { table: 'orders', name: 'c', down: {} },
      rename_constraint: { table: 'orders', from: 'a', to: 'b' },
      set_replica_identity: { table: 'orders', identity: { type: 'full', index: '' } },
    };
    expect(await refused([{ [kind]: bodies[kind] }])).toMatchObject({
      name: 'OperationUnsupported',
      message: `Operation 1 (${kind}) is not supported yet`,
    });
  });
});

describe('a table that cannot be changed so is refused', () => {
  const change = [{ alter_column: { table: 't', column: 'a', type: 'text', up: 'a::text', down: 'a::int' } }];
  const t = (facts: Parameters<typeof table>[3]) => snapshot([table('t', 1, [column('a', 'int')], facts)]);

  it('without a key to walk along', async () => {
    expect(await refused(change, t({ key: [] }))).toMatchObject({ name: 'NoUsableKey' });
  });
  it('partitioned or foreign', async () => {
    expect((await refused(change, t({ kind: 'partitioned' }))).message).toContain('partitioned table "t"');
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
