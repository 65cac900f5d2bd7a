import { DownRequired } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import { bindNew, refuseGenerated } from '../plan/binding.ts';
import { finalTable, findColumn, findTable, type LogicalColumn, replaceTable } from '../plan/logical.ts';
import { pieces } from '../plan/pieces.ts';
import { tableSql } from '../plan/steps.ts';
import { parseExpression } from '../sql/expression.ts';
import { isVolatile, provablyNotNull } from '../sql/facts.ts';
import { quoteIdentifier } from '../sql/identifiers.ts';
import { parseType } from '../sql/type.ts';
import { dependantNotes } from './dependants.ts';
import { keyOf } from './keys.ts';
import type { Applied, OperationContext } from './operation.ts';
import { refuseChangedTwice, refuseHeldColumn, standingTable } from './refusals.ts';
import { relaxOldColumn } from './relax.ts';

/** A column new clients no longer have; it stays, fed by `down`, until the end of the undo window. */
export async function dropColumn(
  body: OperationOf<'drop_column'>,
  context: OperationContext,
): Promise<Applied> {
  const before = findTable(context.schema, body.table, context.pointer('table'));
  const source = standingTable(context, before);
  const column = findColumn(before, body.column, context.pointer('column'));
  refuseChangedTwice(context, before, column);
  refuseHeldColumn(context, source, column, 'dropping');
  const physical = column.old ?? column.name;
  if (column.notNull && column.default === null && body.down === undefined) throw downRequired(context, body);
  const down = body.down === undefined ? null : await parseExpression(body.down, context.pointer('down'));
  const type = await parseType(column.type);
  const gone: LogicalColumn = { ...column, new: null, changedBy: context.index };
  const after = {
    ...before,
    columns: before.columns.filter((other) => other.id !== column.id),
    dropped: [...before.dropped, gone],
    changed: true,
  };
  return {
    schema: replaceTable(context.schema, after),
    pieces: async (finalSchema) => {
      const final = finalTable(finalSchema, after);
      const place = context.pointer('down');
      const bound = down === null ? null : refuseGenerated(bindNew(down, before, final, place), place);
      const sure =
        bound === null || provablyNotNull(bound.expression, (name) => bound.column(name)?.notNull === true);
      const volatile = bound !== null && isVolatile(bound.expression, context.snapshot.volatileFunctions);
      const relaxed = await relaxOldColumn(context, final, physical);
      const table = tableSql(final.ref);
      const key = keyOf(final);
      return pieces({
        summary: `Drop column "${column.name}" of "${body.table}"`,
        undo: 'lossy',
        undoReason:
          bound === null
            ? `Rows that new clients wrote have ${column.default === null ? 'NULL' : 'the default'} in "${column.name}"`
            : `Rows that new clients wrote have in "${column.name}" what down makes of them`,
        flows:
          bound === null
            ? []
            : [{ table: final, direction: 'down', target: physical, type, bound, volatile, guards: [] }],
        ...relaxed,
        removal: {
          drop: [
            {
              tables: [final.ref],
              statements: [`ALTER TABLE ${table} DROP COLUMN IF EXISTS ${quoteIdentifier(physical)}`],
            },
          ],
          finish: [],
          indexes: [],
        },
        removalBackups: [
          {
            id: `${context.index + 1}.${final.ref.name}.${physical}`,
            table: final.ref,
            key,
            columns: [...key.map((part) => part.column), physical],
            where: `${quoteIdentifier(physical)} IS NOT NULL`,
          },
        ],
        notes: [
          ...dependantNotes(context, source, physical, `drops "${column.name}"`),
          ...(column.notNull && !sure
            ? [
                {
                  code: 'down_may_be_null',
                  severity: 'warning' as const,
                  operation: context.index,
                  text: `"${column.name}" is NOT NULL for old clients until contract: a new client’s row for which down gives NULL is refused until then.`,
                },
              ]
            : []),
        ],
      });
    },
  };
}

function downRequired(context: OperationContext, body: OperationOf<'drop_column'>): DownRequired {
  const detail = `"${body.column}" of "${body.table}" is NOT NULL without a default: rows of new clients need a value for old clients`;
  return new DownRequired(detail, {
    problems: [{ pointer: context.pointer('down'), detail }],
    evidence: { table: body.table, column: body.column },
    action: 'Give down: an expression over the new version’s columns.',
  });
}
