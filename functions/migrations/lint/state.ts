import type { Snapshot, Table } from '../plan/snapshot.ts';
import type { Name } from './alterations.ts';
import type { LockMode } from './finding.ts';

/** A lock that an open transaction holds, and the line of the statement that took it. */
export interface Held {
  table: string;
  mode: LockMode;
  statement: number;
}

export interface Transaction {
  /** Tells transactions of one file apart. */
  id: number;
  /** By BEGIN in the file, not by the runner. */
  explicit: boolean;
  begun: number;
  held: Held[];
}

/** What is known after the statements so far. */
export interface State {
  /** Major version of PostgreSQL. */
  version: number;
  snapshot: Snapshot | null;
  /** What a name without a schema means. */
  schema: string;
  /** Tables that this file creates: nobody uses them yet. */
  created: Set<string>;
  /** The table behind every index this file creates. */
  indexes: Map<string, string>;
  /** Columns this file adds to tables that stand, by `table.column`. */
  added: Set<string>;
  /** Constraints added NOT VALID, by `table.constraint`: the column a CHECK proves NOT NULL, and the transaction. */
  notValid: Map<string, { column: string | null; transaction: number | null }>;
  /** Columns that a valid CHECK proves NOT NULL, by `table.column`. */
  proven: Set<string>;
  transaction: Transaction | null;
  transactions: number;
  timeouts: { lock: boolean; statement: boolean };
  /** Values added to an enum, and by which transaction. */
  enumValues: Map<string, number>;
  /** What is said only once. */
  warned: Set<string>;
}

/** Before the first statement. */
export function initialState(
  version: number,
  schema: string,
  snapshot: Snapshot | null,
  inTransaction: boolean,
): State {
  return {
    version,
    snapshot,
    schema,
    created: new Set(),
    indexes: new Map(),
    added: new Set(),
    notValid: new Map(),
    proven: new Set(),
    transaction: inTransaction ? { id: 1, explicit: false, begun: 0, held: [] } : null,
    transactions: inTransaction ? 1 : 0,
    timeouts: { lock: false, statement: false },
    enumValues: new Map(),
    warned: new Set(),
  };
}

/** One word for a relation: its schema and name. A NUL is in no name. */
export const keyOf = (state: State, { schema, name }: Name): string => `${schema ?? state.schema}\0${name}`;
export const columnKey = (state: State, table: Name, column: string): string =>
  `${keyOf(state, table)}\0${column}`;

/** Whether this file creates the table: its locks hurt nobody. */
export const isNew = (state: State, table: Name): boolean => state.created.has(keyOf(state, table));

/** How a person writes it: with the schema when the statement did. */
export const shown = ({ schema, name }: Name): string => (schema === null ? name : `${schema}.${name}`);

/** The table as the database has it, when a snapshot of its schema is at hand. */
export function standing(state: State, table: Name): Table | null {
  const { snapshot } = state;
  if (snapshot === null || (table.schema ?? state.schema) !== snapshot.schema) return null;
  return snapshot.tables.find(({ name }) => name === table.name) ?? null;
}

/** Whether a valid CHECK or NOT NULL already proves that the column holds no NULL. */
export function isProvenNotNull(state: State, table: Name, column: string): boolean {
  if (state.proven.has(columnKey(state, table, column))) return true;
  const known = standing(state, table);
  if (known === null) return false;
  const physical = known.columns.find(({ name }) => name === column);
  if (physical?.notNull === true) return true;
  const quoted = [column, `"${column.replaceAll('"', '""')}"`];
  return known.constraints.some(
    ({ type, validated, definition }) =>
      type === 'check' && validated && quoted.some((name) => definition === `CHECK ((${name} IS NOT NULL))`),
  );
}
