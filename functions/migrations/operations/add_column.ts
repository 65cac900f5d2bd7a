import { ColumnExists, UpRequired } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import { bindOld } from '../plan/binding.ts';
import {
  finalColumn,
  finalTable,
  findTable,
  type LogicalColumn,
  type LogicalTable,
  replaceTable,
} from '../plan/logical.ts';
import { type Flow, type Pieces, pieces } from '../plan/pieces.ts';
import { tableSql } from '../plan/steps.ts';
import { type Expression, parseExpression } from '../sql/expression.ts';
import { isVolatile, provablyNotNull } from '../sql/facts.ts';
import { fittingName, hashedName, quoteIdentifier, quoteLiteral } from '../sql/identifiers.ts';
import { isSerial, parseType, sameValue, type TypeName } from '../sql/type.ts';
import { defaultOf } from './clauses.ts';
import {
  checkPieces,
  foreignKeyPieces,
  type NewColumn,
  notNullPieces,
  together,
  uniquePieces,
} from './constraints.ts';
import { keyOf } from './keys.ts';
import type { Applied, OperationContext } from './operation.ts';
import { notYet, refuseTakenName, standingTable } from './refusals.ts';

interface Added {
  body: OperationOf<'add_column'>;
  context: OperationContext;
  before: LogicalTable;
  column: LogicalColumn;
  physical: string;
  type: TypeName;
  up: Expression | null;
  default: { sql: string; constant: boolean } | null;
}

/** A new column: filled by `up`, by its default, or by NULL where old clients write. */
export async function addColumn(
  body: OperationOf<'add_column'>,
  context: OperationContext,
): Promise<Applied> {
  const before = findTable(context.schema, body.table, context.pointer('table'));
  const source = standingTable(context, before);
  const given = body.column;
  refuseExisting(context, before, given.name);
  const type = await parseType(given.type, context.pointer('column', 'type'));
  for (const [what, asked] of Object.entries({ generated: given.generated, pk: given.pk })) {
    if (asked !== undefined && asked !== false)
      throw notYet(context, `add_column with ${what}`, 'Create a new table with it.', ['column', what]);
  }
  if (isSerial(type))
    throw notYet(context, `add_column of type ${type.sql}`, 'Use bigint with a default of nextval(…).', [
      'column',
      'type',
    ]);
  const up = body.up === undefined ? null : await parseExpression(body.up, context.pointer('up'));
  const defaulted =
    given.default === undefined ? null : await defaultOf(given.default, context.pointer('column', 'default'));
  const notNull = given.nullable !== true;
  if (notNull && up === null && defaulted === null) throw upRequired(context, body.table, given.name);
  if (given.check !== undefined)
    refuseTakenName(context, before, given.check.name, ['column', 'check', 'name'], false);
  if (given.references !== undefined)
    refuseTakenName(context, before, given.references.name, ['column', 'references', 'name'], false);

  const standing = [...source.columns.map((column) => column.physical), ...(source.hiddenColumns ?? [])];
  const physical = standing.includes(given.name)
    ? hashedName(context.migration, before.ref.name, given.name)
    : given.name;
  const column: LogicalColumn = {
    id: `+${physical}`,
    name: given.name,
    old: null,
    new: physical,
    type: type.sql,
    notNull,
    default: up === null ? (defaulted?.sql ?? null) : null,
    viewDefault: up === null ? null : (defaulted?.sql ?? null),
    ...(up !== null && defaulted !== null ? { finalDefault: defaulted.sql } : {}),
    identity: false,
    generated: false,
    derived: up !== null,
    changedBy: context.index,
  };
  const after = { ...before, columns: [...before.columns, column], changed: true };
  const added: Added = { body, context, before, column, physical, type, up, default: defaulted };
  return {
    schema: replaceTable(context.schema, after),
    pieces: async (finalSchema) => addedPieces(added, finalTable(finalSchema, after), finalSchema),
  };
}

function refuseExisting(context: OperationContext, table: LogicalTable, name: string): void {
  if (!table.columns.some((column) => column.name === name)) return;
  const detail = `Table "${table.name}" has a column "${name}" already`;
  throw new ColumnExists(detail, {
    problems: [{ pointer: context.pointer('column', 'name'), detail }],
    evidence: { table: table.name, column: name },
    action: 'Choose another name, or change the column by alter_column.',
  });
}

function upRequired(context: OperationContext, table: string, column: string): UpRequired {
  const detail = `"${column}" of "${table}" is NOT NULL, and neither up nor a default gives existing rows a value`;
  return new UpRequired(detail, {
    problems: [{ pointer: context.pointer('up'), detail }],
    evidence: { table, column },
    action: 'Give up or column.default, or set column.nullable to true.',
  });
}

async function addedPieces(
  added: Added,
  final: LogicalTable,
  finalSchema: Applied['schema'],
): Promise<Pieces> {
  const { body, context, before, physical, type, up } = added;
  const table = tableSql(final.ref);
  const name = quoteIdentifier(physical);
  const column = finalColumn(final, added.column);
  const bound = up === null ? null : bindOld(up, before, context.pointer('up'));
  const constant = up === null && added.default?.constant === true ? added.default.sql : null;
  const cast = (sql: string) => `CAST((${sql}) AS ${type.sql})`;
  const value: NewColumn['value'] =
    bound !== null ? (operand) => cast(bound.as(operand)) : constant !== null ? () => cast(constant) : null;
  const at: NewColumn = {
    context,
    pointer: (...path) => context.pointer('column', ...path),
    before,
    final,
    finalSchema,
    column,
    physical,
    value,
    follows: bound !== null,
  };
  const provable =
    bound === null || provablyNotNull(bound.expression, (column) => bound.column(column)?.notNull === true);
  const inline = constant !== null && column.notNull;
  const constraints = together([
    ...(column.notNull && !inline ? [notNullPieces(at, provable)] : []),
    ...(body.column.check === undefined ? [] : [await checkPieces(at, body.column.check)]),
    ...(body.column.unique === true
      ? [uniquePieces(at, uniqueName(context, final, column.name), bound === null)]
      : []),
    ...(body.column.references === undefined ? [] : [foreignKeyPieces(at, body.column.references)]),
  ]);
  const { guards, ...parts } = constraints;
  const volatile = bound !== null && isVolatile(bound.expression, context.snapshot.volatileFunctions);
  const flows: Flow[] =
    bound === null
      ? []
      : [{ table: final, direction: 'up', target: physical, type, bound, volatile, guards }];
  const filled = up === null && added.default !== null && constant === null ? added.default.sql : null;
  const { comment } = body.column;
  const changed =
    bound === null ? defaultChanged(added, name) : `NOT (${sameValue(name, cast(bound.row), type)})`;
  return pieces({
    summary: `Add column "${column.name}" ${type.sql} to "${body.table}"`,
    undo: 'lossy',
    undoReason: `What new clients wrote to "${column.name}" and no old column holds goes away`,
    ...parts,
    expand: [
      {
        tables: [final.ref],
        statements: [
          `ALTER TABLE ${table} ADD COLUMN ${name} ${type.sql}${constant === null ? '' : ` DEFAULT ${constant}`}${inline ? ' NOT NULL' : ''}`,
          ...(filled === null ? [] : [`ALTER TABLE ${table} ALTER COLUMN ${name} SET DEFAULT ${filled}`]),
          ...(comment === undefined
            ? []
            : [`COMMENT ON COLUMN ${table}.${name} IS ${quoteLiteral(comment)}`]),
        ],
      },
    ],
    flows,
    fills: filled === null ? [] : [{ table: final, target: physical, type, expression: filled }],
    rollback: [
      { tables: [final.ref], statements: [`ALTER TABLE IF EXISTS ${table} DROP COLUMN IF EXISTS ${name}`] },
    ],
    undoLosses: [
      {
        id: `${context.index + 1}.${final.ref.name}.${physical}`,
        table: final.ref,
        key: keyOf(final),
        columns: [...keyOf(final).map((key) => key.column), physical],
        where: changed,
      },
    ],
  });
}

function defaultChanged(added: Added, name: string): string {
  if (added.default === null) return `${name} IS NOT NULL`;
  return added.default.constant
    ? `NOT (${sameValue(name, `CAST((${added.default.sql}) AS ${added.type.sql})`, added.type)})`
    : 'true';
}

/** The name PostgreSQL itself would give, kept under its limit and away from names that are taken. */
function uniqueName(context: OperationContext, table: LogicalTable, column: string): string {
  const usual = fittingName(`${table.ref.name}_${column}_key`);
  return context.schema.taken.includes(usual) ? hashedName(context.migration, usual) : usual;
}
