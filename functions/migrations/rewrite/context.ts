import type { Operation, OperationOf } from '../file/schema.ts';
import type { Name } from '../lint/alterations.ts';
import type { Snapshot, Table } from '../plan/snapshot.ts';
import { fittingName } from '../sql/identifiers.ts';
import { CannotRewrite } from './sql-text.ts';

/** An operation that statements became, and what a person should read before running it. */
export interface Entry {
  operation: Operation;
  notes: string[];
  /** The statement it came from, by index. */
  statement: number;
}

/** What the statements before have made, so that later ones are folded into it. */
export interface Context {
  /** The schema that is migrated: names with another one stay as they are. */
  schema: string;
  snapshot: Snapshot | null;
  created: Map<string, OperationOf<'create_table'>>;
  /** By `table\0column`. */
  added: Map<string, OperationOf<'add_column'>>;
  altered: Map<string, OperationOf<'alter_column'>>;
  entries: Entry[];
  /** Columns whose type SQL exchanges, by `table\0column`: every change of them stays SQL. */
  exchanged: ReadonlySet<string>;
}

export const emptyContext = (
  schema: string,
  snapshot: Snapshot | null,
  exchanged: ReadonlySet<string>,
): Context => ({
  exchanged,
  schema,
  snapshot,
  created: new Map(),
  added: new Map(),
  altered: new Map(),
  entries: [],
});

/** Appends an operation. */
export function push(context: Context, statement: number, operation: Operation, ...notes: string[]): void {
  context.entries.push({ operation, notes, statement });
}

export const columnKey = (table: string, column: string): string => `${table}\0${column}`;

/** The plain name of a relation in the migrated schema. Throws CannotRewrite for one in another schema. */
export function inSchema(context: Context, name: Name | null): string {
  if (name === null) throw new CannotRewrite('it names no table');
  if (name.schema !== null && name.schema !== context.schema)
    throw new CannotRewrite(
      `it is about schema "${name.schema}"; a migration changes one schema, here "${context.schema}"`,
    );
  return name.name;
}

/** The table as the database has it. */
export const standing = (context: Context, table: string): Table | undefined =>
  context.snapshot?.tables.find(({ name }) => name === table);

/** The name PostgreSQL itself gives a constraint or index without one. */
export const usualName = (table: string, columns: string[], label: string): string =>
  fittingName([table, ...columns, label].join('_'));
