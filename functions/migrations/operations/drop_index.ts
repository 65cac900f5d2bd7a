import { IndexNotFound } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import { pieces, type StepDraft } from '../plan/pieces.ts';
import { indexColumns, rebuildIndex } from '../sql/definition.ts';
import { didYouMean } from '../sql/identifiers.ts';
import type { Applied, OperationContext } from './operation.ts';
import { notYet, standingTable } from './refusals.ts';
import { returningUnique } from './returning.ts';

/** An index goes at removal; a unique one at contract, because it would refuse new clients. */
export async function dropIndex(
  body: OperationOf<'drop_index'>,
  context: OperationContext,
): Promise<Applied> {
  const all = context.schema.tables.flatMap((table) =>
    (table.source?.indexes ?? []).map((index) => ({ table, index })),
  );
  const found = all.find(({ index }) => index.name === body.name);
  if (found === undefined) {
    const names = all.map(({ index }) => index.name);
    const detail = `There is no index "${body.name}" in schema "${context.schema.name}"${didYouMean(body.name, names)}`;
    throw new IndexNotFound(detail, {
      problems: [{ pointer: context.pointer('name'), detail }],
      evidence: { index: body.name },
      action: 'Name an index of a table in this schema.',
    });
  }
  const { table, index } = found;
  standingTable(context, table);
  if (index.constraint !== null || index.primary) {
    throw notYet(
      context,
      `dropping "${body.name}", the index of constraint ${index.constraint ?? index.name},`,
      'Alter the column, or drop the constraint by a sql operation.',
      ['name'],
    );
  }
  const drop: StepDraft = {
    kind: 'drop_index',
    purpose: `Drop index ${index.name}`,
    schema: context.schema.name,
    index: index.name,
  };
  return {
    schema: context.schema,
    pieces: async () => {
      const common = {
        summary: `Drop index "${body.name}" of "${table.name}"`,
        undo: 'exact' as const,
        undoReason: 'The index stands until removal, or is built again',
      };
      if (!index.unique) return pieces({ ...common, removal: { drop: [], finish: [], indexes: [drop] } });
      const sql = rebuildIndex(index.definition, index.name, index.name);
      const back: StepDraft = {
        kind: 'create_index',
        purpose: `Build ${index.name} again`,
        table: table.ref,
        index: index.name,
        sql,
        unique: true,
      };
      const { columns } = await indexColumns(index.definition);
      const holder = { ref: table.ref, source: table.source ?? undefined };
      const returning = [await returningUnique(holder, { ...index, columns })];
      return pieces({ ...common, relaxIndexes: [drop], undoContract: [back], returning });
    },
  };
}
