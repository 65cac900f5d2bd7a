import { ColumnExists, DownRequired, MigrationFileInvalid, UpRequired } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import {
  finalTable,
  findColumn,
  findTable,
  type LogicalColumn,
  type LogicalTable,
  replaceColumn,
  replaceTable,
} from '../plan/logical.ts';
import { pieces } from '../plan/pieces.ts';
import { tableSql } from '../plan/steps.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/identifiers.ts';
import { isSerial, isWidening, parseType, type TypeName } from '../sql/type.ts';
import { defaultOf } from './clauses.ts';
import { doubleColumn } from './double.ts';
import type { Applied, OperationContext } from './operation.ts';
import {
  notYet,
  refuseChangedTwice,
  refuseDeferredUnique,
  refuseHeldColumn,
  refuseTakenName,
  standingTable,
} from './refusals.ts';
import { changes, shadowPieces } from './shadow.ts';

type Body = OperationOf<'alter_column'>;

/**
 * Changes a column. A new type, NULL or NOT NULL, CHECK, UNIQUE or FOREIGN KEY makes a second physical column beside
 * the first, each following the other; a name, default or comment alone does not.
 */
export async function alterColumn(body: Body, context: OperationContext): Promise<Applied> {
  const before = findTable(context.schema, body.table, context.pointer('table'));
  const source = standingTable(context, before);
  const old = findColumn(before, body.column, context.pointer('column'));
  refuseChangedTwice(context, before, old);
  const { type, nullable, check, unique, references, name, comment } = body;
  const shadowed = [type, nullable, check, unique, references].some((change) => change !== undefined);
  if (!shadowed && name === undefined && comment === undefined && body.default === undefined) {
    const detail = `alter_column of "${body.column}" changes nothing`;
    throw new MigrationFileInvalid(detail, {
      problems: [{ pointer: context.pointer(), detail }],
      action: 'Say what to change.',
    });
  }
  if (name !== undefined && before.columns.some((column) => column.name === name)) {
    const detail = `Table "${before.name}" has a column "${name}" already`;
    throw new ColumnExists(detail, {
      problems: [{ pointer: context.pointer('name'), detail }],
      action: 'Choose another name.',
    });
  }
  const given = await givenDefault(body.default, context.pointer('default'));
  const renamed: LogicalColumn = { ...old, name: name ?? old.name, changedBy: context.index };
  if (!shadowed) return plainChange(body, context, before, old, { ...renamed, ...given?.column });

  refuseHeldColumn(context, source, old, 'altering');
  refuseDeferredUnique(context, source, old);
  if (check !== undefined) refuseTakenName(context, before, check.name, ['check', 'name'], false);
  if (unique !== undefined) refuseTakenName(context, before, unique.name, ['unique', 'name'], true);
  if (references !== undefined)
    refuseTakenName(context, before, references.name, ['references', 'name'], false);
  const from = await parseType(old.type);
  const to = type === undefined ? from : await parseType(type, context.pointer('type'));
  if (isSerial(to))
    throw notYet(context, `alter_column to ${to.sql}`, 'Use bigint and keep the default.', ['type']);
  requireExpressions(body, context, from, to);
  const pointer = (side: 'up' | 'down') => context.pointer(side);
  const doubled = await doubleColumn({ context, before, source, old, body, to, pointer });
  const shown = given === null ? doubled.column.viewDefault : given.column.viewDefault;
  const column: LogicalColumn = {
    ...doubled.column,
    name: renamed.name,
    notNull: nullable === undefined ? old.notNull : !nullable,
    viewDefault: shown,
    finalDefault: shown,
  };
  const after = replaceColumn(before, column);
  return {
    schema: replaceTable(context.schema, after),
    pieces: async (finalSchema) => shadowPieces(doubled.altered, finalTable(finalSchema, after), finalSchema),
  };
}

async function givenDefault(text: string | null | undefined, pointer: string) {
  if (text === undefined) return null;
  const sql = text === null ? null : ((await defaultOf(text, pointer))?.sql ?? null);
  return { column: { viewDefault: sql, finalDefault: sql } };
}

function requireExpressions(body: Body, context: OperationContext, from: TypeName, to: TypeName): void {
  const wide = isWidening(from, to);
  if (body.up === undefined && (!wide || body.nullable === false)) {
    const detail = `alter_column of "${body.column}" needs up: how old values become new ones`;
    throw new UpRequired(detail, {
      problems: [{ pointer: context.pointer('up'), detail }],
      action: 'Give up.',
    });
  }
  if (body.down === undefined && (!isWidening(to, from) || body.nullable === true)) {
    const detail = `alter_column of "${body.column}" needs down: how new values become old ones`;
    throw new DownRequired(detail, {
      problems: [{ pointer: context.pointer('down'), detail }],
      action: 'Give down.',
    });
  }
}

/** A new name, default or comment: nothing moves. */
function plainChange(
  body: Body,
  context: OperationContext,
  before: LogicalTable,
  old: LogicalColumn,
  column: LogicalColumn,
): Applied {
  // A view cannot take the base table's default away; an expression that gives NULL can stand before it.
  const dropped = body.default !== undefined && column.viewDefault === null && old.default !== null;
  const shown = dropped
    ? { ...column, viewDefault: `CASE WHEN false THEN CAST(NULL AS ${old.type}) END` }
    : column;
  const after = replaceColumn(before, shown);
  const at = `${tableSql(before.ref)}.${quoteIdentifier(old.new ?? old.name)}`;
  const { comment } = body;
  const was = before.source?.columns.find((candidate) => candidate.physical === old.new)?.comment ?? null;
  const commented = (text: string | null) => [
    `COMMENT ON COLUMN ${at} IS ${text === null ? 'NULL' : quoteLiteral(text)}`,
  ];
  return {
    schema: replaceTable(context.schema, after),
    pieces: async () =>
      pieces({
        summary: `Alter column "${body.column}" of "${body.table}": ${changes(body).join(', ')}`,
        undo: 'exact',
        undoReason: 'No row changes',
        ...(comment === undefined
          ? {}
          : {
              relax: [{ tables: [before.ref], statements: commented(comment) }],
              undoContract: [
                {
                  kind: 'transaction',
                  purpose: 'Give the comment back',
                  locks: [before.ref],
                  statements: commented(was).map((sql) => ({ sql, values: [] })),
                  dualWrites: [],
                },
              ],
            }),
      }),
  };
}
