import type { QueryResultRow } from 'pg';
import { StatementFailed } from '../../../errors.ts';
import { VersionMapping } from '../../../plan/mapping.ts';
import { type Column, type Constraint, type Index, Snapshot, type Table } from '../../../plan/snapshot.ts';
import { cutToBytes, qualified } from '../../../sql/identifiers.ts';
import { inTransaction, type Session } from '../connection.ts';
import { usesControlSchema } from '../control-schema.ts';
import { triggerPrefix } from '../dual-write/triggers.ts';
import { fragileStatements } from './fragile.ts';
import * as queries from './queries.ts';

interface TableRow {
  oid: number;
  name: string;
  kind: Table['kind'];
  rowSecurity: boolean;
  replicaIdentity: string;
  owner: string;
  comment: string | null;
  tuples: number;
  bytes: number;
  toastBytes: number;
  readable: boolean;
  split: boolean;
}
type Of<T> = T & { table: number };
type ColumnRow = Omit<Column, 'computedFrom'> & { computedFrom: string[] | null };
type IndexRow = Of<Index & { partial: boolean; immediate: boolean }>;
type ConstraintRow = Of<Omit<Constraint, 'references'>> & {
  toSchema: string | null;
  toTable: string | null;
  toColumns: string[];
};
interface SchemaRow {
  serverVersion: number;
  there: boolean;
  published: boolean;
}
type NamesRow = Pick<Snapshot, 'schemas' | 'takenNames' | 'replicationSlots' | 'standbys'>;
interface PartitionedRow {
  table: number;
  partitionKey: string[];
  keyExpression: boolean;
  partitions: NonNullable<Table['partitions']>;
  branches: NonNullable<Table['branches']>;
  tuples: number;
  bytes: number;
}
interface PartRow {
  table: number;
  kind: 'index' | 'foreign_key';
  name: string;
  onTable: number;
  partName: string;
}
type ShownTable = VersionMapping['tables'][number];

/** Tables below this many bytes are counted when they were never analysed. */
const countableBytes = 10_000_000;
const guessedRowBytes = 150;

/** What a version of a schema is made of. */
export interface ReadTables {
  serverVersion: number;
  tables: Table[];
  /** As they are in the catalogue, those hidden from clients included. */
  physicalNames: string[];
  currentVersion: string | null;
  currentLogin: string | null;
}

/**
 * Everything the planner needs to know of a schema, read from the catalogue in one consistent view. Tables and columns
 * carry the names that clients of the newest published version use, beside their physical ones. Of functions only those
 * are told whose names are in `functions`, when it is given: a database may have thousands.
 * Throws StatementFailed when there is no such schema.
 */
export async function readSnapshot(
  session: Session,
  schema: string,
  functions?: ReadonlySet<string>,
): Promise<Snapshot> {
  return consistently(session, async () => {
    const { physicalNames, ...found } = await readTables(session, schema);
    // A version's schema is called by the schema and the version, cut to what PostgreSQL keeps of a name.
    const versions = `${cutToBytes(`${schema}_`, 54).replaceAll(/[\\%_]/g, '\\$&')}%`;
    const { rows: names } = await session.query<NamesRow>(queries.namesQuery, [schema, versions]);
    const { rows: volatile } = await (functions === undefined
      ? session.query<{ name: string }>(queries.allVolatileQuery)
      : session.query<{ name: string }>(queries.namedVolatileQuery, [[...functions]]));
    const { rows: schemaGrants } = await session.query<Snapshot['schemaGrants'][number]>(
      queries.schemaGrantsQuery,
      [schema],
    );
    return Snapshot.parse({
      schema,
      ...found,
      ...names[0],
      schemaGrants,
      volatileFunctions: volatile.map(({ name }) => name),
      fragileStatements: await fragileStatements(session, physicalNames),
    });
  });
}

/** Runs `work` on one view of the database. */
export const consistently = <T>(session: Session, work: () => Promise<T>): Promise<T> =>
  inTransaction(session, async () => {
    await session.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    return work();
  });

/** The tables of a schema and what hangs on them. To be called inside `consistently`. Throws as `readSnapshot` does. */
export async function readTables(session: Session, schema: string): Promise<ReadTables> {
  const ask = async <R extends QueryResultRow>(query: string, ...values: unknown[]) =>
    (await session.query<R>(query, values)).rows;

  const [about] = await ask<SchemaRow>(queries.schemaQuery, schema);
  if (!about?.there) {
    const standing = await ask<{ name: string }>(queries.schemasQuery);
    throw new StatementFailed(`There is no schema "${schema}" in this database`, {
      evidence: { schema, schemas: standing.map(({ name }) => name) },
      action: 'Name the schema that holds the tables.',
    });
  }
  const versions = (await usesControlSchema(session))
    ? await ask<{ version: string; mapping: unknown; login: string | null }>(queries.versionsQuery, schema)
    : [];
  const newest = versions[0];
  const mapping = newest === undefined ? null : VersionMapping.parse(newest.mapping);

  const rows = await ask<TableRow>(queries.tablesQuery, schema);
  const oids = rows.map(({ oid }) => oid);
  const read = <R extends QueryResultRow>(query: string, ...more: unknown[]) =>
    oids.length === 0 ? [] : ask<R>(query, oids, ...more);
  const partitioned = rows.some(({ split }) => split);
  const split = new Map(
    (partitioned ? await read<PartitionedRow>(queries.partitionedQuery) : []).map((row) => [row.table, row]),
  );
  const columns = byTable((await read<Of<ColumnRow>>(queries.columnsQuery)).map(columnOf));
  const indexes = byTable(await read<IndexRow>(queries.indexesQuery));
  const constraints = byTable(await read<ConstraintRow>(queries.constraintsQuery));
  const parts = byTable(partitioned ? await read<PartRow>(queries.partsQuery) : []);
  const triggers = byTable(await read<Of<Table['triggers'][number]>>(queries.triggersQuery, triggerPrefix));
  const referencedBy = await read<Table['referencedBy'][number] & { to: number }>(queries.referencedByQuery);
  const versionNames = versions.map(({ version }) => version);
  const dependants = byTable(
    await read<Of<Table['dependants'][number]>>(queries.dependantsQuery, versionNames),
  );
  const publications = byTable(
    about.published ? await read<Of<{ name: string }>>(queries.publicationsQuery) : [],
  );
  const grants = byTable(await read<Of<Table['grants'][number]>>(queries.grantsQuery));

  const tables: Table[] = [];
  for (const row of rows) {
    if (mapping?.hiddenTables.includes(row.name)) continue;
    const shown = mapping?.tables.find(({ physical }) => physical === row.name);
    const physical = columns.get(row.oid) ?? [];
    const own = indexes.get(row.oid) ?? [];
    tables.push({
      name: shown?.name ?? row.name,
      physical: row.name,
      oid: row.oid,
      kind: row.kind,
      columns: logicalColumns(physical, shown),
      ...hiddenFrom(physical, shown),
      ...partitionsOf(split.get(row.oid)),
      key: keyOf(own, physical),
      indexes: own.map(({ partial: _partial, immediate: _immediate, ...index }) => ({
        ...index,
        ...partsOf('index', index.name, parts.get(row.oid)),
      })),
      constraints: (constraints.get(row.oid) ?? []).map((constraint) => ({
        ...constraintOf(constraint),
        ...(constraint.type === 'foreign_key'
          ? partsOf('foreign_key', constraint.name, parts.get(row.oid))
          : {}),
      })),
      referencedBy: referencedBy.filter(({ to }) => to === row.oid).map(({ to: _to, ...rest }) => rest),
      triggers: triggers.get(row.oid) ?? [],
      dependants: dependants.get(row.oid) ?? [],
      publications: (publications.get(row.oid) ?? []).map(({ name }) => name),
      rowSecurity: row.rowSecurity,
      replicaIdentity: row.replicaIdentity,
      owner: row.owner,
      grants: grants.get(row.oid) ?? [],
      comment: row.comment,
      estimatedRows: Math.round(split.get(row.oid)?.tuples ?? (await estimate(session, schema, row))),
      bytes: split.get(row.oid)?.bytes ?? row.bytes,
      toastBytes: row.toastBytes,
    });
  }

  return {
    serverVersion: about.serverVersion,
    tables,
    physicalNames: rows.map(({ name }) => name),
    currentVersion: newest?.version ?? null,
    currentLogin: newest?.login ?? null,
  };
}

function byTable<R extends { table: number }>(rows: R[]): Map<number, Omit<R, 'table'>[]> {
  const groups = new Map<number, Omit<R, 'table'>[]>();
  for (const { table, ...rest } of rows) {
    const group = groups.get(table);
    if (group === undefined) groups.set(table, [rest]);
    else group.push(rest);
  }
  return groups;
}

/** In the version's own order where it shows the table through a view, else as the table has them. */
function logicalColumns(physical: Omit<Of<Column>, 'table'>[], shown: ShownTable | undefined): Column[] {
  if (shown === undefined) return physical.map((column) => ({ ...column, physical: column.name }));
  const standing = new Map(physical.map((column) => [column.name, column]));
  return shown.columns.flatMap(({ name, physical: at, default: viewDefault }) => {
    const column = standing.get(at);
    if (column === undefined) return [];
    return [{ ...column, name, physical: at, default: viewDefault ?? column.default }];
  });
}

function hiddenFrom(physical: { name: string }[], shown: ShownTable | undefined): Partial<Table> {
  if (shown === undefined) return {};
  const visible = new Set(shown.columns.map((column) => column.physical));
  return {
    versioned: true,
    hiddenColumns: physical.map(({ name }) => name).filter((name) => !visible.has(name)),
  };
}

/** The primary key, or the first unique index that can tell every row from every other. */
function keyOf(indexes: Omit<IndexRow, 'table'>[], columns: { name: string; notNull: boolean }[]): string[] {
  const notNull = new Set(columns.filter((column) => column.notNull).map(({ name }) => name));
  const usable = indexes.find(
    (index) =>
      index.primary ||
      (index.unique &&
        index.valid &&
        index.immediate &&
        !index.partial &&
        index.columns.every((column) => column !== null && notNull.has(column))),
  );
  const primary = indexes.find((index) => index.primary) ?? usable;
  return primary?.columns.filter((column) => column !== null) ?? [];
}

function partitionsOf(row: PartitionedRow | undefined): Partial<Table> {
  if (row === undefined) return {};
  const { partitionKey, keyExpression, partitions, branches } = row;
  return { partitionKey, keyExpression, partitions, branches };
}

/** What partitions have of an index or a foreign key of their table. */
function partsOf(
  kind: PartRow['kind'],
  name: string,
  rows: Omit<PartRow, 'table'>[] = [],
): Pick<Index, 'parts'> {
  const own = rows.filter((row) => row.kind === kind && row.name === name);
  if (own.length === 0) return {};
  return { parts: own.map(({ onTable, partName }) => ({ table: onTable, name: partName })) };
}

function columnOf({ computedFrom, ...column }: Of<ColumnRow>): Of<Column> {
  return computedFrom === null ? column : { ...column, computedFrom };
}

function constraintOf({
  toSchema,
  toTable,
  toColumns,
  ...constraint
}: Omit<ConstraintRow, 'table'>): Constraint {
  const references =
    toSchema === null || toTable === null ? null : { schema: toSchema, table: toTable, columns: toColumns };
  return { ...constraint, references };
}

async function estimate(session: Session, schema: string, table: TableRow): Promise<number> {
  if (table.tuples >= 0 || table.kind === 'foreign') return Math.max(0, Math.round(table.tuples));
  if (table.bytes > countableBytes || table.rowSecurity || !table.readable)
    return Math.round(table.bytes / guessedRowBytes);
  const { rows } = await session.query<{ count: string }>(
    `SELECT count(*) FROM ${qualified(schema, table.name)}`,
  );
  return Number(rows[0]?.count ?? 0);
}
