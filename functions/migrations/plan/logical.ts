import { ColumnNotFound, TableExists, TableNotFound } from '../errors.ts';
import { didYouMean } from '../sql/identifiers.ts';
import type { TableRef } from './schemas.ts';
import type { Snapshot, Table } from './snapshot.ts';

/** A column as the operations of the file see and change it. */
export interface LogicalColumn {
  /** Stays the same through renames. */
  id: string;
  /** What new clients call it. */
  name: string;
  /** The physical column old clients use; null: they have none. */
  old: string | null;
  /** The physical column new clients use; null: dropped. */
  new: string | null;
  /** SQL of the type new clients see. */
  type: string;
  notNull: boolean;
  /** Default that stands on the physical column, SQL. */
  default: string | null;
  /** Default that the version's view gives to inserts, SQL; null: the physical one holds. */
  viewDefault: string | null;
  /** Default the physical column gets when the old version is removed: undefined leaves it as it is, null drops it. */
  finalDefault?: string | null;
  identity: boolean;
  generated: boolean;
  /** Whether writes of old clients decide its value, by an `up`. */
  derived: boolean;
  /** Whether two different old values may become the same new one. */
  joins?: boolean;
  /** Index of the operation that made, changed or dropped it; null: untouched. */
  changedBy: number | null;
}

/** A table as the operations of the file see and change it. */
export interface LogicalTable {
  ref: TableRef;
  name: string;
  /** What stands in the database; null: this file creates it. */
  source: Table | null;
  columns: LogicalColumn[];
  dropped: LogicalColumn[];
  /** Whether the new version needs a view of its own for it. */
  changed: boolean;
  /** Names of constraints that operations of the file give; absent: none. */
  named?: string[];
}

export interface LogicalSchema {
  name: string;
  tables: LogicalTable[];
  droppedTables: LogicalTable[];
  /** Names of relations that may not be used again. */
  taken: string[];
}

/** The schema as clients of the newest published version see it; `allViews`: the next one shows every table. */
export function logicalSchema(snapshot: Snapshot, allViews = false): LogicalSchema {
  const tables = snapshot.tables.map((table) => ({
    ref: { schema: snapshot.schema, name: table.physical, oid: table.oid },
    name: table.name,
    source: table,
    columns: table.columns.map((column) => ({
      id: column.physical,
      name: column.name,
      old: column.physical,
      new: column.physical,
      type: column.type,
      notNull: column.notNull,
      default: column.default,
      // The version before may give it by its view alone; the next view has to give it again.
      viewDefault: table.versioned === true && !column.identity && !column.generated ? column.default : null,
      identity: column.identity,
      generated: column.generated,
      derived: false,
      changedBy: null,
    })),
    dropped: [],
    // A partition's columns come and go with its table's: a view of its own would hold them fast in their old form.
    changed: table.kind !== 'partition' && (allViews || table.versioned === true),
  }));
  return { name: snapshot.schema, tables, droppedTables: [], taken: snapshot.takenNames };
}

/** The table old or new clients call `name`. Throws TableNotFound with the nearest name. */
export function findTable(schema: LogicalSchema, name: string, pointer: string): LogicalTable {
  const table = schema.tables.find((candidate) => candidate.name === name);
  if (table !== undefined) return table;
  const names = schema.tables.map((candidate) => candidate.name);
  const gone = schema.droppedTables.some((candidate) => candidate.name === name);
  const detail = gone
    ? `The table "${name}" is dropped earlier in the file`
    : `There is no table "${name}" in schema "${schema.name}"${didYouMean(name, names)}`;
  throw new TableNotFound(detail, {
    problems: [{ pointer, detail }],
    evidence: { table: name, schema: schema.name },
    action: 'Name a table as clients of the newest version see it.',
  });
}

/** The column new clients of the operations so far call `name`. Throws ColumnNotFound with the nearest name. */
export function findColumn(table: LogicalTable, name: string, pointer: string): LogicalColumn {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  throw columnNotFound(table, name, pointer);
}

export function columnNotFound(table: LogicalTable, name: string, pointer: string): ColumnNotFound {
  const names = table.columns.map((candidate) => candidate.name);
  const detail = `Table "${table.name}" has no column "${name}"${didYouMean(name, names)}`;
  return new ColumnNotFound(detail, {
    problems: [{ pointer, detail }],
    evidence: { table: table.name, column: name },
    action: 'Name a column as clients of the newest version see it.',
  });
}

/** Throws TableExists when a relation of this name stands in the schema or comes earlier in the file. */
export function refuseTakenTable(schema: LogicalSchema, name: string, pointer: string): void {
  if (!schema.taken.includes(name) && !schema.tables.some((table) => table.name === name)) return;
  const detail = `A relation "${name}" stands already in schema "${schema.name}"`;
  throw new TableExists(detail, {
    problems: [{ pointer, detail }],
    evidence: { table: name, schema: schema.name },
    action: 'Choose another name.',
  });
}

/** The schema with `table` in place of the one with the same physical name. */
export function replaceTable(schema: LogicalSchema, table: LogicalTable): LogicalSchema {
  const tables = schema.tables.map((other) => (other.ref.name === table.ref.name ? table : other));
  return { ...schema, tables };
}

/** The table with `column` in place of the one with the same id. */
export function replaceColumn(table: LogicalTable, column: LogicalColumn): LogicalTable {
  const columns = table.columns.map((other) => (other.id === column.id ? column : other));
  return { ...table, columns, changed: true };
}

/** The same table after all operations: among those that stay or those that go. */
export function finalTable(final: LogicalSchema, table: LogicalTable): LogicalTable {
  const same = (other: LogicalTable) => other.ref.name === table.ref.name;
  return final.tables.find(same) ?? final.droppedTables.find(same) ?? table;
}

/** The same column after all operations: among those that stay or those that go. */
export function finalColumn(final: LogicalTable, column: LogicalColumn): LogicalColumn {
  const same = (other: LogicalColumn) => other.id === column.id;
  return final.columns.find(same) ?? final.dropped.find(same) ?? column;
}
