import { z } from 'zod';
import { StatementFailed } from '../../../errors.ts';
import { DualWriteGroup, type TableRef } from '../../../plan/schemas.ts';
import { quoteLiteral } from '../../../sql/identifiers.ts';
import type { Session } from '../connection.ts';
import type { ColumnFacts } from './differs.ts';
import { type LiveGroup, watchedColumns } from './function.ts';
import {
  clientFunction,
  clientFunctionStatement,
  dualWriteStatements,
  type Settings,
  triggerPrefix,
} from './triggers.ts';

const storedGroup = DualWriteGroup.extend({
  columns: z.record(
    z.string(),
    z.strictObject({ type: z.string(), notNull: z.boolean(), hasDefault: z.boolean() }),
  ),
});

/** Starts to keep the columns of these groups in step. To be called in a transaction that has locked the tables. */
export async function addGroups(
  session: Session,
  adds: { table: TableRef; group: DualWriteGroup }[],
): Promise<void> {
  const tables = new Map<number, string>();
  const positions = new Map<string, number>();
  for (const { table, group } of adds) {
    const place = JSON.stringify([table.schema, group.migration]);
    const position = positions.get(place) ?? (await positionOf(session, table.schema, group.migration));
    positions.set(place, position);
    const oid = await tableOid(session, table);
    if (oid === null) throw missing(`There is no table ${table.schema}.${table.name}`);
    const live: LiveGroup = {
      ...group,
      position,
      columns: await columnFacts(session, oid, table, watchedColumns(group)),
    };
    await session.query(
      `INSERT INTO theseus.groups (id, migration, position, schema_name, table_oid, definition)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (schema_name, id) DO UPDATE SET position = excluded.position, table_oid = excluded.table_oid,
         definition = excluded.definition`,
      [live.id, live.migration, live.position, table.schema, oid, JSON.stringify(live)],
    );
    tables.set(oid, table.schema);
  }
  // Triggers name the schema's function of versions, so that one comes first.
  for (const schema of new Set(tables.values())) await rebuildClients(session, schema);
  for (const oid of tables.keys()) await rebuildTable(session, oid);
}

/** Stops keeping these groups in step; unknown ones and tables that are gone are passed over. */
export async function removeGroups(
  session: Session,
  removes: { table: TableRef; group: string }[],
): Promise<void> {
  const tables = new Set<number>();
  for (const { table, group } of removes) {
    const { rows } = await session.query<{ table_oid: number }>(
      'DELETE FROM theseus.groups WHERE schema_name = $1 AND id = $2 RETURNING table_oid',
      [table.schema, group],
    );
    for (const { table_oid } of rows) tables.add(table_oid);
  }
  for (const oid of tables) await rebuildTable(session, oid);
}

/**
 * Tells the dual write of a schema which versions there are now. To be called after versions or groups changed;
 * needs no lock of any table and does nothing when it is told already.
 */
export async function rebuildClients(session: Session, schema: string): Promise<void> {
  const { rows: groups } = await session.query<{ version: string; position: number }>(
    `SELECT definition->>'version' AS version, max(position) AS position
     FROM theseus.groups WHERE schema_name = $1 GROUP BY 1`,
    [schema],
  );
  const { rows: there } = await session.query<{ body: string | null }>(
    `SELECT obj_description(to_regprocedure($1), 'pg_proc') AS body`,
    [`${clientFunction(schema)}(name)`],
  );
  if (groups.length === 0 && there[0]?.body == null) return;
  const { rows: versions } = await session.query<{ version: string; parent: string | null }>(
    'SELECT version, parent FROM theseus.versions WHERE schema = $1',
    [schema],
  );
  const statement = clientFunctionStatement(schema, clientPositions(groups, versions));
  if (there[0]?.body === statement) return;
  await session.query(statement);
  await session.query(`GRANT EXECUTE ON FUNCTION ${clientFunction(schema)}(name) TO PUBLIC`);
  await session.query(`COMMENT ON FUNCTION ${clientFunction(schema)}(name) IS ${quoteLiteral(statement)}`);
}

/** A version's clients write the newest group of their own version or of any it came from. */
export function clientPositions(
  groups: { version: string; position: number }[],
  versions: { version: string; parent: string | null }[],
): Map<string, number> {
  const own = new Map(groups.map(({ version, position }) => [version, position]));
  const parents = new Map(versions.map(({ version, parent }) => [version, parent]));
  const positions = new Map<string, number>();
  for (const version of new Set([...own.keys(), ...parents.keys()])) {
    let newest = 0;
    const seen = new Set<string>();
    for (let at: string | null | undefined = version; at != null && !seen.has(at); at = parents.get(at)) {
      seen.add(at);
      newest = Math.max(newest, own.get(at) ?? 0);
    }
    if (newest > 0) positions.set(version, newest);
  }
  return positions;
}

/** A table with what is kept in step on it now, oldest first, and its triggers of ours. */
export interface DualWrittenTable {
  schema: string;
  name: string;
  oid: number;
  partitioned: boolean;
  triggers: string[];
  groups: LiveGroup[];
}

/** Null when the table is gone. */
export async function readDualWritten(session: Session, oid: number): Promise<DualWrittenTable | null> {
  const { rows: tables } = await session.query<Omit<DualWrittenTable, 'oid' | 'groups'>>(
    `SELECT n.nspname AS schema, c.relname AS name, c.relkind = 'p' AS partitioned,
       ARRAY(SELECT t.tgname::text FROM pg_trigger t
             WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND starts_with(t.tgname, $2)) AS triggers
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1`,
    [oid, triggerPrefix],
  );
  const { rows: groups } = await session.query<{ definition: unknown; position: number }>(
    'SELECT definition, position FROM theseus.groups WHERE table_oid = $1 ORDER BY position, id',
    [oid],
  );
  const [table] = tables;
  if (table === undefined) return null;
  const live = groups.map(({ definition, position }) => ({ ...storedGroup.parse(definition), position }));
  return { ...table, oid, groups: live };
}

/** How dates and times read inside the functions. */
export async function readSettings(session: Session): Promise<Settings> {
  const { rows } = await session.query<{ name: string; value: string }>(
    'SELECT name, value FROM theseus.settings',
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

async function rebuildTable(session: Session, oid: number): Promise<void> {
  const table = await readDualWritten(session, oid);
  if (table === null) {
    await session.query(`DROP FUNCTION IF EXISTS theseus.write_${oid}()`);
    return;
  }
  const settings = await readSettings(session);
  // One round trip, because clients wait meanwhile.
  await session.query(dualWriteStatements(table, table.groups, table.triggers, settings).join(';\n'));
}

/** Migrations of a schema in the order in which they began here; a migration keeps its place. */
export async function positionOf(session: Session, schema: string, migration: string): Promise<number> {
  const { rows } = await session.query<{ own: number | null; newest: number }>(
    `SELECT max(position) FILTER (WHERE migration = $2) AS own, coalesce(max(position), 0) AS newest
     FROM theseus.groups WHERE schema_name = $1`,
    [schema, migration],
  );
  return rows[0]?.own ?? (rows[0]?.newest ?? 0) + 1;
}

/** What the catalogue says of a table's columns, by name. */
export async function readColumns(session: Session, oid: number): Promise<Record<string, ColumnFacts>> {
  const { rows } = await session.query<ColumnFacts & { name: string }>(
    `SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS "notNull",
       atthasdef OR attidentity <> '' AS "hasDefault"
     FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped`,
    [oid],
  );
  return Object.fromEntries(rows.map(({ name, ...rest }) => [name, rest]));
}

async function columnFacts(session: Session, oid: number, table: TableRef, columns: string[]) {
  const standing = await readColumns(session, oid);
  const found = columns.flatMap((column) => {
    const facts = standing[column];
    return facts === undefined ? [] : [[column, facts] as const];
  });
  const lacking = columns.filter((column) => standing[column] === undefined);
  if (lacking.length > 0) {
    throw missing(`The table ${table.schema}.${table.name} has no column ${lacking.join(', ')}`);
  }
  return Object.fromEntries(found);
}

/** The table's oid now, by its oid or else by its name; null when it is gone. */
export async function tableOid(session: Session, table: TableRef): Promise<number | null> {
  const { rows } = await session.query<{ oid: number | null }>(
    `SELECT coalesce((SELECT oid FROM pg_class WHERE oid = $1),
       (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $2 AND c.relname = $3)) AS oid`,
    [table.oid, table.schema, table.name],
  );
  return rows[0]?.oid ?? null;
}

function missing(problem: string): StatementFailed {
  return new StatementFailed(problem, {
    action: 'Plan the migration again: the database has changed since.',
  });
}
