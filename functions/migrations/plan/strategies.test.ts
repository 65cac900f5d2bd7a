import { describe, expect, it } from 'vitest';
import { keptName, newForm, strategiesOf } from './strategies.ts';

const table = (name: string, oid: number | null = 1) => ({ schema: 'public', name, oid });
const operation = (kind: string) => ({ kind, summary: '', undo: 'lossy' as const, undoReason: '' });
const loss = (name: string, ...columns: string[]) => ({
  id: columns.join(),
  table: table(name),
  key: [{ column: 'id', type: 'bigint' }],
  columns: ['id', ...columns],
  where: 'true',
});
const plan = (kinds: string[], undoLosses: ReturnType<typeof loss>[], names: string[] = ['orders']) => ({
  operations: kinds.map(operation),
  tables: names.map((name) => ({ table: table(name), estimatedRows: 1_500, bytes: 1, triggers: [] })),
  undoLosses,
});
const refusals = (...asked: Parameters<typeof strategiesOf>) =>
  Object.fromEntries(strategiesOf(...asked).map(({ strategy, impossible }) => [strategy, impossible]));

describe('the ways back of a plan', () => {
  it('say what becomes of the rows, with numbers where they are known', () => {
    const [revert, toBackup, schemaOnly] = strategiesOf(
      plan(
        ['alter_column', 'add_column'],
        [loss('orders', '_theseus_1a2b3c4d_amount'), loss('orders', 'status')],
      ),
      true,
    );
    expect(revert?.writtenSince).toContain('amount, status of orders');
    expect(toBackup).toMatchObject({
      impossible: null,
      writtenSince: expect.stringContaining('orders (about 1,500 rows)'),
    });
    expect(schemaOnly).toMatchObject({ impossible: null });
  });

  it('are refused by name where they make no sense', () => {
    const renamed = refusals(plan(['rename_table'], []), true);
    expect(renamed).toMatchObject({ revert: null, to_backup: null });
    expect(renamed.schema_only).toContain('rename_table: the new form holds nothing');
    const sql = refusals(plan(['add_column', 'sql'], [loss('orders', 'status')]), true);
    expect(sql.to_backup).toContain('sql (operation 2)');
    expect(sql.schema_only).toContain('sql (operation 2)');
    expect(refusals(plan(['create_table'], [], []), true).to_backup).toContain(
      'create_table: there were no rows',
    );
    expect(refusals(plan(['add_column'], []), false).to_backup).toContain('backUpRows');
  });

  it('name the columns as clients of the new version do, unless two would be one', () => {
    const [form] = newForm(
      plan(['alter_column'], [loss('orders', '_theseus_1a2b3c4d_id', '_theseus_1a2b3c4d_amount', 'amount')]),
    );
    expect(form?.columns).toEqual([
      { name: 'id', physical: 'id' },
      { name: '_theseus_1a2b3c4d_id', physical: '_theseus_1a2b3c4d_id' },
      { name: '_theseus_1a2b3c4d_amount', physical: '_theseus_1a2b3c4d_amount' },
      { name: 'amount', physical: 'amount' },
    ]);
    expect(keptName('mig_0f6e', 'x'.repeat(63))).toHaveLength(63);
  });
});
