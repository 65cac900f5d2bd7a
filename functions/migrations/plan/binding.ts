import { OperationUnsupported } from '../errors.ts';
import { bind, columnsOf, type Expression } from '../sql/expression.ts';
import { qualified, quoteIdentifier } from '../sql/identifiers.ts';
import { columnNotFound, finalColumn, type LogicalColumn, type LogicalTable } from './logical.ts';
import type { TableRef } from './schemas.ts';

/** SQL for a physical column; `nested`: below another FROM of the expression. */
export type Operand = (physical: string, nested: boolean) => string;

/** A column of the table in a statement over it: by its bare name, but below another FROM by its table's too. */
export const ofRow =
  (table: TableRef): Operand =>
  (physical, nested) =>
    nested
      ? `${qualified(table.schema, table.name)}.${quoteIdentifier(physical)}`
      : quoteIdentifier(physical);

/** An expression over physical columns, in the forms its readers need. */
export interface Bound {
  /** Over the table's columns, as ofRow has them. */
  row: string;
  /** The expression with an operand in place of every physical column. */
  as: (operand: Operand) => string;
  /** Physical columns it reads. */
  sources: string[];
  expression: Expression;
  /** The column of the table behind a name in the expression. */
  column: (name: string) => LogicalColumn | undefined;
  /** The name of the generated column that stands there, or undefined. */
  generated: (physical: string) => string | undefined;
}

function names(before: LogicalTable): string[] {
  const all = [before.name, before.source?.name, before.ref.name];
  return [...new Set(all.filter((name) => name !== undefined))];
}

function bound(
  expression: Expression,
  table: LogicalTable,
  resolve: (name: string) => LogicalColumn | undefined,
  physical: (column: LogicalColumn) => string | null,
  pointer: string,
  side: string,
): Bound {
  const place = (name: string): string => {
    const column = resolve(name);
    if (column === undefined) throw columnNotFound(table, name, pointer);
    const at = physical(column);
    if (at !== null) return at;
    const detail = `The expression reads "${name}", which clients of the ${side} version do not have`;
    throw new OperationUnsupported(detail, {
      problems: [{ pointer, detail }],
      evidence: { expression: expression.text.slice(0, 2_000), column: name },
      action: `Read only columns of the ${side} version here.`,
    });
  };
  const tables = names(table);
  const as = (operand: Operand) => bind(expression, tables, (name, nested) => operand(place(name), nested));
  return {
    row: as(ofRow(table.ref)),
    as,
    sources: [...new Set(columnsOf(expression, tables).map(place))],
    expression,
    column: resolve,
    generated: (physical) =>
      table.source?.columns.find((column) => column.physical === physical && column.generated)?.name,
  };
}

/**
 * An `up`: its names are those at its operation, else those of the old version; it reads what old clients write.
 * Throws ColumnNotFound, OperationUnsupported for a column that old clients do not have.
 */
export function bindOld(expression: Expression, before: LogicalTable, pointer: string): Bound {
  const resolve = (name: string) => {
    const current = before.columns.find((column) => column.name === name && column.old !== null);
    if (current !== undefined) return current;
    const physical = before.source?.columns.find((column) => column.name === name)?.physical;
    const all = [...before.columns, ...before.dropped];
    return all.find((column) => column.id === physical) ?? all.find((column) => column.name === name);
  };
  return refuseGenerated(
    bound(expression, before, resolve, (column) => column.old, pointer, 'old'),
    pointer,
  );
}

/**
 * A `down` or a constraint: its names are those of the new version, else those at its operation; `own` is the column
 * the operation is about. Throws ColumnNotFound, OperationUnsupported for a column that new clients do not have.
 */
export function bindNew(
  expression: Expression,
  before: LogicalTable,
  final: LogicalTable,
  pointer: string,
  own?: LogicalColumn,
): Bound {
  const resolve = (name: string) => {
    if (own !== undefined && own.name === name) return finalColumn(final, own);
    const named = final.columns.find((column) => column.name === name);
    if (named !== undefined) return named;
    const earlier = [...before.columns, ...before.dropped].find((column) => column.name === name);
    return earlier === undefined ? undefined : finalColumn(final, earlier);
  };
  return bound(expression, before, resolve, (column) => column.new, pointer, 'new');
}

/**
 * What a trigger computes: PostgreSQL computes generated columns only after it. Throws OperationUnsupported for one
 * that the expression reads.
 */
export function refuseGenerated(bound: Bound, pointer: string): Bound {
  bound.as((physical) => {
    const column = bound.generated(physical);
    if (column === undefined) return physical;
    const detail = `The expression reads "${column}", a generated column, which has no value yet when it is computed`;
    throw new OperationUnsupported(detail, {
      problems: [{ pointer, detail }],
      evidence: { expression: bound.expression.text.slice(0, 2_000), column },
      action: 'Write what the generated column is computed from in its place.',
    });
  });
  return bound;
}

/** A physical column of a trigger's row. */
export const ofNewRow = (physical: string): string => `NEW.${quoteIdentifier(physical)}`;
