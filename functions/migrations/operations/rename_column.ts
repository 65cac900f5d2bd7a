import { ColumnExists } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import { findColumn, findTable, replaceColumn, replaceTable } from '../plan/logical.ts';
import { pieces } from '../plan/pieces.ts';
import type { Applied, OperationContext } from './operation.ts';
import { standingTable } from './refusals.ts';

/** Another name in the new version's view; the table's own column takes it at removal. */
export async function renameColumn(
  body: OperationOf<'rename_column'>,
  context: OperationContext,
): Promise<Applied> {
  const before = findTable(context.schema, body.table, context.pointer('table'));
  standingTable(context, before);
  const column = findColumn(before, body.from, context.pointer('from'));
  if (before.columns.some((other) => other.name === body.to)) {
    const detail = `Table "${before.name}" has a column "${body.to}" already`;
    throw new ColumnExists(detail, {
      problems: [{ pointer: context.pointer('to'), detail }],
      evidence: { table: before.name, column: body.to },
      action: 'Choose another name.',
    });
  }
  return {
    schema: replaceTable(context.schema, replaceColumn(before, { ...column, name: body.to })),
    pieces: async () =>
      pieces({
        summary: `Rename column "${body.from}" of "${body.table}" to "${body.to}"`,
        undo: 'exact',
        undoReason: 'Both names show the same column',
      }),
  };
}
