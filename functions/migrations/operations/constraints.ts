import type { CheckConstraint, ForeignKeyReference } from '../file/schema.ts';
import { bindNew, type Operand, ofNewRow, ofRow } from '../plan/binding.ts';
import {
  columnNotFound,
  finalTable,
  findTable,
  type LogicalColumn,
  type LogicalSchema,
  type LogicalTable,
} from '../plan/logical.ts';
import type { Pieces } from '../plan/pieces.ts';
import type { DualWriteGroup } from '../plan/schemas.ts';
import { addAndValidate, addUnique, setNotNull, tableSql } from '../plan/steps.ts';
import { parseExpression } from '../sql/expression.ts';
import { hashedName, quoteIdentifier } from '../sql/identifiers.ts';
import { foreignKeyClause } from './clauses.ts';
import type { OperationContext } from './operation.ts';

/** A physical column that comes into being, and what is known of the values old clients' writes give it. */
export interface NewColumn {
  context: OperationContext;
  /** Pointer of a field that describes the column in the file. */
  pointer: (...path: string[]) => string;
  /** The table before the operation, and after the file. */
  before: LogicalTable;
  final: LogicalTable;
  finalSchema: LogicalSchema;
  column: LogicalColumn;
  physical: string;
  /** What existing rows get, cast to the column's type, over operands for physical columns; null: NULL. */
  value: ((operand: Operand) => string) | null;
  /** Whether old clients' later writes decide the value too: by an `up`, not by a constant. */
  follows: boolean;
}

type Parts = Pick<Pieces, 'index' | 'constrain' | 'enforce' | 'checks' | 'notes' | 'rights'>;
/** What one constraint asks for; guards hold new clients to it before the table does. */
export type ConstraintPieces = Parts & { guards: DualWriteGroup['guards'] };

const nothing = (): ConstraintPieces => ({
  index: [],
  constrain: [],
  enforce: [],
  checks: [],
  notes: [],
  rights: [],
  guards: [],
});

/** All of several constraints' pieces. */
export function together(all: ConstraintPieces[]): ConstraintPieces {
  return {
    index: all.flatMap((each) => each.index),
    constrain: all.flatMap((each) => each.constrain),
    enforce: all.flatMap((each) => each.enforce),
    checks: all.flatMap((each) => each.checks),
    notes: all.flatMap((each) => each.notes),
    rights: all.flatMap((each) => each.rights),
    guards: all.flatMap((each) => each.guards),
  };
}

function deferred(at: NewColumn, what: string): Pieces['notes'] {
  const text =
    `${what} is enforced by the table only at contract: clients of the old version can still write rows that break it. ` +
    'Until then new clients are held to it where a row by itself shows it.';
  return [{ code: 'enforced_at_contract', severity: 'info', operation: at.context.index, text }];
}

function check(
  at: NewColumn,
  name: string,
  where: string,
  problem: string,
  action: string,
): Pieces['checks'] {
  const sql = `SELECT count(*) AS count FROM ${tableSql(at.final.ref)} WHERE ${where}`;
  return [{ id: `${at.context.index + 1}.${name}`, operation: at.context.index, sql, problem, action }];
}

/** NOT NULL; `provable`: no write of an old client can leave it NULL. */
export function notNullPieces(at: NewColumn, provable: boolean): ConstraintPieces {
  const constraint = hashedName(at.context.migration, at.final.ref.name, 'not_null', at.column.name);
  const steps = setNotNull(at.final.ref, at.physical, constraint);
  const checks =
    provable || at.value === null
      ? []
      : check(
          at,
          'not_null',
          `(${at.value(ofRow(at.final.ref))}) IS NULL`,
          `Rows for which up gives NULL, while "${at.column.name}" is NOT NULL in the new version`,
          'Make up give a value for them, for example with coalesce, or correct the rows.',
        );
  if (provable) return { ...nothing(), constrain: steps, checks };
  const expression = `NEW.${quoteIdentifier(at.physical)} IS NOT NULL`;
  return {
    ...nothing(),
    enforce: steps,
    checks,
    notes: deferred(at, `NOT NULL of "${at.column.name}"`),
    guards: [{ constraint, column: at.column.name, code: '23502', expression }],
  };
}

/** A CHECK of the user's on the column. */
export async function checkPieces(at: NewColumn, given: CheckConstraint): Promise<ConstraintPieces> {
  const pointer = at.pointer('check', 'constraint');
  const expression = await parseExpression(given.constraint, pointer);
  const bound = bindNew(expression, at.before, at.final, pointer, at.column);
  const inherit = given.no_inherit === true ? ' NO INHERIT' : '';
  const steps = addAndValidate(at.final.ref, given.name, `CHECK (${bound.row})${inherit}`);
  const alone = bound.sources.every((source) => source === at.physical);
  const value = at.value?.(ofRow(at.final.ref));
  const held = bound.as((physical, nested) =>
    physical === at.physical ? `(${value})` : ofRow(at.final.ref)(physical, nested),
  );
  const action = 'Make up give values that satisfy it, or correct the rows.';
  const checks =
    alone && value !== undefined
      ? check(at, 'check', `NOT (${held})`, `Rows that break ${given.name}`, action)
      : [];
  if (alone && !at.follows) return { ...nothing(), constrain: steps, checks };
  const guard = {
    constraint: given.name,
    column: null,
    code: '23514' as const,
    expression: `(${bound.as(ofNewRow)}) IS NOT FALSE`,
  };
  return {
    ...nothing(),
    enforce: steps,
    checks,
    notes: deferred(at, `CHECK ${given.name}`),
    guards: at.follows ? [guard] : [],
  };
}

/** UNIQUE over the one column. `provable`: old clients cannot bring a duplicate. */
export function uniquePieces(at: NewColumn, name: string, provable: boolean): ConstraintPieces {
  const { index, constrain } = addUnique(at.final.ref, name, [at.physical]);
  const value = at.value?.(ofRow(at.final.ref));
  const sql =
    value === undefined
      ? null
      : `SELECT count(*) AS count FROM (SELECT 1 FROM ${tableSql(at.final.ref)} WHERE (${value}) IS NOT NULL GROUP BY (${value}) HAVING count(*) > 1) AS duplicates`;
  const checks =
    sql === null
      ? []
      : [
          {
            id: `${at.context.index + 1}.unique`,
            operation: at.context.index,
            sql,
            problem: `Values that occur more than once, while ${name} makes "${at.column.name}" unique`,
            action: 'Correct the rows, or make up give different values.',
          },
        ];
  if (provable) return { ...nothing(), index: [index], constrain: [constrain], checks };
  return { ...nothing(), enforce: [index, constrain], checks, notes: deferred(at, `UNIQUE ${name}`) };
}

/** A FOREIGN KEY of the user's from the column. */
export function foreignKeyPieces(at: NewColumn, reference: ForeignKeyReference): ConstraintPieces {
  const target = finalTable(
    at.finalSchema,
    findTable(at.finalSchema, reference.table, at.pointer('references', 'table')),
  );
  const column = target.columns.find((candidate) => candidate.name === reference.column);
  if (column?.new == null) throw columnNotFound(target, reference.column, at.pointer('references', 'column'));
  const physical = column.new;
  const clause = foreignKeyClause(reference, (path) => at.pointer('references', path));
  const definition = `FOREIGN KEY (${quoteIdentifier(at.physical)}) REFERENCES ${tableSql(target.ref)} (${quoteIdentifier(physical)})${clause}`;
  const steps = addAndValidate(at.final.ref, reference.name, definition, [target.ref]);
  const own = tableSql(at.final.ref);
  const value = at.value?.((source) => `${own}.${quoteIdentifier(source)}`);
  const found = `SELECT 1 FROM ${tableSql(target.ref)} AS referenced WHERE referenced.${quoteIdentifier(physical)} = (${value})`;
  const checks =
    value === undefined
      ? []
      : check(
          at,
          'references',
          `(${value}) IS NOT NULL AND NOT EXISTS (${found})`,
          `Rows whose "${at.column.name}" points to no row of "${reference.table}"`,
          'Correct the rows, or make up give NULL for them.',
        );
  const rights: Pieces['rights'] = [{ kind: 'references', table: target.ref }];
  if (!at.follows) return { ...nothing(), constrain: steps, checks, rights };
  return {
    ...nothing(),
    enforce: steps,
    checks,
    rights,
    notes: deferred(at, `FOREIGN KEY ${reference.name}`),
  };
}
