import { qualified, quoteIdentifier, quoteLiteral } from '../sql/identifiers.ts';
import type { Change, StepDraft } from './pieces.ts';
import type { Statement, Step, TableRef } from './schemas.ts';

export const tableSql = (table: TableRef): string => qualified(table.schema, table.name);

/** The phases of a plan that changes no table by operations. */
export const noSteps = () => ({
  checks: [],
  expand: [],
  backfill: [],
  index: [],
  constrain: [],
  verify: [],
  publish: [],
  contract: [],
  rollback: [],
  undoContract: [],
  returning: [],
  undoLosses: [],
  removalBackups: [],
  removal: [],
});

/** Tables once each, in the order in which every transaction locks them; those that do not stand yet are not locked. */
export function lockOrder(tables: TableRef[]): TableRef[] {
  const standing = tables.filter((table) => table.oid !== null);
  const once = new Map(standing.map((table) => [table.oid, table]));
  return [...once.values()].sort((a, b) => (a.oid ?? 0) - (b.oid ?? 0));
}

export function transaction(
  purpose: string,
  tables: TableRef[],
  statements: (string | Statement)[],
): StepDraft {
  return {
    kind: 'transaction',
    purpose,
    locks: lockOrder(tables),
    statements: statements.map((sql) => (typeof sql === 'string' ? { sql, values: [] } : sql)),
    dualWrites: [],
  };
}

/** One transaction for several changes, or none when they hold no statement. */
export function merged(purpose: string, changes: Change[]): StepDraft[] {
  const statements = changes.flatMap((change) => change.statements);
  if (statements.length === 0) return [];
  return [
    transaction(
      purpose,
      changes.flatMap((change) => change.tables),
      statements,
    ),
  ];
}

/** Gives every step its place as id: `expand.1`, `expand.2`. */
export function numbered(phase: string, drafts: StepDraft[]): Step[] {
  return drafts.map((draft, index): Step => ({ ...draft, id: `${phase}.${index + 1}` }));
}

/** ADD CONSTRAINT … NOT VALID, then VALIDATE by itself, so that no lock is held while rows are read. */
export function addAndValidate(
  table: TableRef,
  constraint: string,
  definition: string,
  partners: TableRef[] = [],
): StepDraft[] {
  const sql = `ALTER TABLE ${tableSql(table)} ADD CONSTRAINT ${quoteIdentifier(constraint)} ${definition} NOT VALID`;
  return [
    transaction(`Add ${constraint}, not yet checked against old rows`, [table, ...partners], [sql]),
    validate(table, constraint),
  ];
}

export function validate(table: TableRef, constraint: string): StepDraft {
  return { kind: 'validate', purpose: `Check every row against ${constraint}`, table, constraint };
}

/** SET NOT NULL without reading the table under a lock: by a checked CHECK that proves it. */
export function setNotNull(table: TableRef, column: string, constraint: string): StepDraft[] {
  const name = quoteIdentifier(column);
  return [
    ...addAndValidate(table, constraint, `CHECK (${name} IS NOT NULL)`),
    transaction(
      `Make ${column} NOT NULL`,
      [table],
      [
        `ALTER TABLE ${tableSql(table)} ALTER COLUMN ${name} SET NOT NULL`,
        `ALTER TABLE ${tableSql(table)} DROP CONSTRAINT ${quoteIdentifier(constraint)}`,
      ],
    ),
  ];
}

/** A unique index built while clients write, then made the constraint's own. */
export function addUnique(
  table: TableRef,
  constraint: string,
  columns: string[],
): { index: StepDraft; constrain: StepDraft } {
  const list = columns.map(quoteIdentifier).join(', ');
  const sql = `CREATE UNIQUE INDEX CONCURRENTLY ${quoteIdentifier(constraint)} ON ${tableSql(table)} (${list})`;
  return {
    index: {
      kind: 'create_index',
      purpose: `Build the unique index ${constraint}`,
      table,
      index: constraint,
      sql,
      unique: true,
    },
    constrain: uniqueFromIndex(table, constraint, constraint),
  };
}

/**
 * `before`: statements of the same transaction that make way. `deferral`: DEFERRABLE …, with a leading blank.
 * `words`: what the constraint is.
 */
export function uniqueFromIndex(
  table: TableRef,
  constraint: string,
  index: string,
  {
    before = [],
    deferral = '',
    words = 'UNIQUE',
  }: { before?: string[]; deferral?: string; words?: 'UNIQUE' | 'PRIMARY KEY' } = {},
): StepDraft {
  const sql = `ALTER TABLE ${tableSql(table)} ADD CONSTRAINT ${quoteIdentifier(constraint)} ${words} USING INDEX ${quoteIdentifier(index)}${deferral}`;
  return transaction(`Make ${constraint} a constraint`, [table], [...before, sql]);
}

/** Renames when the table and the constraint stand and the name is free. */
export function renameConstraint(table: string, copy: string, name: string): string {
  const stands = (constraint: string) =>
    `EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = pg_catalog.to_regclass(${quoteLiteral(table)}) AND conname = ${quoteLiteral(constraint)})`;
  const rename = `ALTER TABLE ${table} RENAME CONSTRAINT ${quoteIdentifier(copy)} TO ${quoteIdentifier(name)}`;
  return `DO ${quoteLiteral(`BEGIN IF ${stands(copy)} AND NOT ${stands(name)} THEN ${rename}; END IF; END`)}`;
}
