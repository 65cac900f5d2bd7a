import type { OperationOf } from '../file/schema.ts';
import { findTable, refuseTakenTable, replaceTable } from '../plan/logical.ts';
import { pieces } from '../plan/pieces.ts';
import type { Applied, OperationContext } from './operation.ts';
import { standingTable } from './refusals.ts';

/** Another name in the new version's schema; the table itself takes it at removal. */
export async function renameTable(
  body: OperationOf<'rename_table'>,
  context: OperationContext,
): Promise<Applied> {
  const before = findTable(context.schema, body.from, context.pointer('from'));
  standingTable(context, before);
  refuseTakenTable(context.schema, body.to, context.pointer('to'));
  const after = { ...before, name: body.to, changed: true };
  return {
    schema: replaceTable(context.schema, after),
    pieces: async () =>
      pieces({
        summary: `Rename table "${body.from}" to "${body.to}"`,
        undo: 'exact',
        undoReason: 'Both names show the same rows',
      }),
  };
}
