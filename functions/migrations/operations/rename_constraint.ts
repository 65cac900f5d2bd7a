import type { OperationOf } from '../file/schema.ts';
import { findTable, replaceTable } from '../plan/logical.ts';
import { pieces } from '../plan/pieces.ts';
import { renameConstraint, tableSql } from '../plan/steps.ts';
import { findConstraint } from './named_constraint.ts';
import type { Applied, OperationContext } from './operation.ts';
import { refuseTakenName, standingTable } from './refusals.ts';

/** Another name for a constraint, taken at removal: until then errors that clients see name it as they know it. */
export async function renameConstraintOperation(
  body: OperationOf<'rename_constraint'>,
  context: OperationContext,
): Promise<Applied> {
  const before = findTable(context.schema, body.table, context.pointer('table'));
  const source = standingTable(context, before);
  const constraint = findConstraint(context, before, body.from, 'from');
  const index = source.indexes.some((candidate) => candidate.constraint === constraint.name);
  refuseTakenName(context, before, body.to, ['to'], index);
  const after = { ...before, named: [...(before.named ?? []), body.to] };
  const taken = index ? [...context.schema.taken, body.to] : context.schema.taken;
  const { ref } = before;
  return {
    schema: { ...replaceTable(context.schema, after), taken },
    pieces: async () =>
      pieces({
        summary: `Rename constraint "${body.from}" of "${body.table}" to "${body.to}"`,
        undo: 'exact',
        undoReason: 'The constraint keeps its name until removal',
        removal: {
          drop: [],
          finish: [],
          renames: [
            { tables: [ref], statements: [renameConstraint(tableSql(ref), constraint.name, body.to)] },
          ],
          indexes: [],
        },
        rights: [{ kind: 'owner', table: ref }],
      }),
  };
}
