import type { ReturningConstraint, TableRef } from '../plan/schemas.ts';
import type { Table } from '../plan/snapshot.ts';
import { tableSql } from '../plan/steps.ts';
import { indexKeys } from '../sql/definition.ts';
import { quoteIdentifier } from '../sql/identifiers.ts';

// What undo has to give back to the old side, and which rows would refuse it: new clients may have written them while
// the soft contract held nobody to it.

type Holder = { ref: TableRef; source: Table | undefined };
type Described = Pick<ReturningConstraint, 'constraint' | 'kind' | 'columns' | 'where' | 'reason'>;

function returning({ ref, source }: Holder, described: Described): ReturningConstraint {
  const key = (source?.key ?? []).map((column) => ({
    column,
    type: source?.columns.find(({ physical }) => physical === column)?.type ?? 'text',
  }));
  return { id: `${ref.name}.${described.constraint}`, table: ref, key, ...described };
}

const listed = (columns: string[]) => columns.map((column) => `"${column}"`).join(', ');

export function returningNotNull(holder: Holder, column: string): ReturningConstraint {
  return returning(holder, {
    constraint: `${column} NOT NULL`,
    kind: 'not_null',
    columns: [column],
    where: `${quoteIdentifier(column)} IS NULL`,
    reason: `New clients’ rows have NULL in "${column}"`,
  });
}

/** `definition` as pg_get_constraintdef says it. Undefined for a text of another form. */
export function returningCheck(
  holder: Holder,
  { name, columns, definition }: { name: string; columns: string[]; definition: string },
): ReturningConstraint | undefined {
  const expression = /^CHECK (\(.*\))(?: NO INHERIT)?$/s.exec(definition)?.[1];
  if (expression === undefined) return undefined;
  return returning(holder, {
    constraint: name,
    kind: 'check',
    columns,
    where: `${expression} IS FALSE`,
    reason: `New clients’ rows break CHECK ${expression}`,
  });
}

export function returningForeignKey(
  holder: Holder,
  foreign: {
    name: string;
    columns: string[];
    definition: string;
    references: { schema: string; table: string; columns: string[] };
  },
): ReturningConstraint {
  const { name, columns, definition, references } = foreign;
  const target = { schema: references.schema, name: references.table, oid: null };
  const own = columns.map((column) => `${tableSql(holder.ref)}.${quoteIdentifier(column)}`);
  const same = references.columns.map(
    (column, place) => `referenced.${quoteIdentifier(column)} = ${own[place] ?? 'NULL'}`,
  );
  const nulls = (test: string, glue: string) => own.map((column) => `${column} ${test}`).join(glue);
  const lost = `(${nulls('IS NOT NULL', ' AND ')} AND NOT EXISTS (SELECT FROM ${tableSql(target)} AS referenced WHERE ${same.join(' AND ')}))`;
  const partly = `(${nulls('IS NULL', ' OR ')}) AND (${nulls('IS NOT NULL', ' OR ')})`;
  return returning(holder, {
    constraint: name,
    kind: 'foreign_key',
    columns,
    where: / MATCH FULL\b/.test(definition) ? `${lost} OR (${partly})` : lost,
    reason: `The rows of "${references.table}" that ${listed(columns)} of these point to are gone`,
  });
}

/** `definition` as pg_get_indexdef says it. */
export async function returningUnique(
  holder: Holder,
  { name, columns, definition }: { name: string; columns: string[]; definition: string },
): Promise<ReturningConstraint> {
  const { keys, where, nullsDistinct } = await indexKeys(definition);
  const seen = [
    ...(where === null ? [] : [`(${where})`]),
    ...(nullsDistinct ? keys.map((key) => `${key} IS NOT NULL`) : []),
  ];
  const counted = `SELECT tableoid, ctid, count(*) OVER (PARTITION BY ${keys.join(', ')}) AS same FROM ${tableSql(holder.ref)} WHERE ${seen.join(' AND ') || 'true'}`;
  return returning(holder, {
    constraint: name,
    kind: 'unique',
    columns,
    where: `(tableoid, ctid) IN (SELECT tableoid, ctid FROM (${counted}) AS counted WHERE same > 1)`,
    reason: `Rows have the same ${listed(columns)}`,
  });
}
