import { PassThrough } from 'node:stream';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Snapshot, Table } from '../../../plan/snapshot.ts';
import { qualified, quoteIdentifier } from '../../../sql/identifiers.ts';
import { inTransaction, type Session } from '../connection.ts';
import { statementError } from '../database-errors.ts';
import { importRows } from '../rows.ts';

/** Rows that point to rows that point to rows: this deep is looked for what they need. */
const mostRounds = 50;
/** Keys asked for in one statement. */
const keysAtOnce = 500;
/** A sample of blocks may have fewer rows than estimated: it takes so many times more of them. */
const ampleness = 1.5;
/** Read whole within a second. */
const smallRows = 200_000;
/** Blocks of a table together, at least; about 500. */
const leastBytes = 4 * 2 ** 20;

/** A table as it is in the source (physical names) and in the copy (the names clients use). */
interface Copied {
  table: Table;
  /** Of the source and of the copy, in one order; without generated columns. */
  columns: { physical: string; name: string; type: string }[];
}

interface Reference {
  child: Copied;
  parent: Copied;
  /** Names in the copy; `source`: those of the parent in the source. */
  from: string[];
  to: string[];
  source: string[];
  types: string[];
}

const list = (names: string[]): string => names.map(quoteIdentifier).join(', ');

/**
 * Copies at most `sample` rows of every table, of a larger one from places spread over it, and then, table by table, the
 * rows that foreign keys of copied rows point to, until none is missing. Rows whose partner went away meanwhile are taken
 * out again. Returns how many rows each table has in the copy.
 */
export async function copySample(
  source: Session,
  copy: Session,
  snapshot: Snapshot,
  sample: number,
  signal: AbortSignal,
): Promise<{ table: string; rows: number }[]> {
  const tables = snapshot.tables.flatMap((table): Copied[] =>
    table.kind === 'table' || table.kind === 'partitioned'
      ? [{ table, columns: table.columns.filter(({ generated }) => !generated) }]
      : [],
  );
  for (const one of tables) {
    signal.throwIfAborted();
    await append(source, copy, snapshot.schema, one, `${spread(one.table, sample)} LIMIT ${sample}`);
  }
  const references = referencesOf(tables, snapshot.schema);
  for (let round = 0; round < mostRounds; round += 1) {
    let fetched = 0;
    for (const reference of references) {
      signal.throwIfAborted();
      fetched += await fetchParents(source, copy, snapshot.schema, reference);
    }
    if (fetched === 0) break;
  }
  await dropOrphans(copy, snapshot.schema, references);
  await copy.query('ANALYZE');
  const counted: { table: string; rows: number }[] = [];
  for (const { table } of tables) {
    const { rows } = await copy.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM ${qualified(snapshot.schema, table.name)}`,
    );
    counted.push({ table: table.name, rows: rows[0]?.rows ?? 0 });
  }
  return counted;
}

/**
 * Rows from places all over a table. Of a small one every row is looked at; of a large one whole blocks are taken, and
 * of these enough that not all of them can be missed.
 */
function spread({ estimatedRows, bytes }: Snapshot['tables'][number], sample: number): string {
  if (estimatedRows <= sample) return '';
  const share = (100 * sample * ampleness) / estimatedRows;
  const percent = (wanted: number) => Math.min(100, wanted).toFixed(6);
  if (estimatedRows <= smallRows) return ` TABLESAMPLE BERNOULLI (${percent(share)})`;
  return ` TABLESAMPLE SYSTEM (${percent(Math.max(share, (100 * leastBytes) / Math.max(1, bytes)))})`;
}

/** Streams rows from one to the other as COPY has them. `tail`: what follows the table in the SELECT. */
async function append(
  source: Session,
  copy: Session,
  schema: string,
  { table, columns }: Copied,
  tail: string,
): Promise<number> {
  if (columns.length === 0) return 0;
  const read = `COPY (SELECT ${list(columns.map(({ physical }) => physical))} FROM ${qualified(schema, table.physical)}${tail}) TO STDOUT`;
  const rows = new PassThrough();
  const stream = source.client.query(copyTo(read));
  stream.on('error', (error) => rows.destroy(statementError(error, read)));
  stream.pipe(rows);
  const target = { schema, name: table.name, oid: null };
  return inTransaction(copy, () =>
    importRows(
      copy,
      target,
      columns.map(({ name }) => name),
      rows,
    ),
  );
}

function referencesOf(tables: Copied[], schema: string): Reference[] {
  return tables.flatMap((child) =>
    child.table.constraints.flatMap(({ type, columns, references }): Reference[] => {
      const parent = tables.find(({ table }) => table.physical === references?.table);
      if (type !== 'foreign_key' || references?.schema !== schema || parent === undefined) return [];
      const from = columns.map((name) => child.columns.find(({ physical }) => physical === name));
      const to = references.columns.map((name) => parent.columns.find(({ physical }) => physical === name));
      const known = [...from, ...to].filter((column) => column !== undefined);
      if (known.length !== from.length + to.length) return [];
      const [own, others] = [known.slice(0, from.length), known.slice(from.length)];
      return [
        {
          child,
          parent,
          from: own.map(({ name }) => name),
          to: others.map(({ name }) => name),
          source: others.map(({ physical }) => physical),
          types: others.map(({ type: of }) => of),
        },
      ];
    }),
  );
}

const missing = (schema: string, { child, parent, from, to }: Reference): string => {
  const column = (alias: string) => (name: string) => `${alias}.${quoteIdentifier(name)}`;
  const pairs = from.map((name, index) => `${column('p')(to[index] ?? '')} = ${column('c')(name)}`);
  return `FROM ${qualified(schema, child.table.name)} c
    WHERE ${from.map((name) => `${column('c')(name)} IS NOT NULL`).join(' AND ')}
      AND NOT EXISTS (SELECT FROM ${qualified(schema, parent.table.name)} p WHERE ${pairs.join(' AND ')})`;
};

async function fetchParents(
  source: Session,
  copy: Session,
  schema: string,
  reference: Reference,
): Promise<number> {
  const keys = reference.from.map((name) => `c.${quoteIdentifier(name)}::text`).join(', ');
  const { rows } = await copy.query<{ key: string[] }>(
    `SELECT DISTINCT ARRAY[${keys}] AS key ${missing(schema, reference)}`,
  );
  let fetched = 0;
  for (let from = 0; from < rows.length; from += keysAtOnce) {
    const values = rows.slice(from, from + keysAtOnce).map(({ key }) => {
      const parts = key.map((value, index) => `${pg.escapeLiteral(value)}::${reference.types[index]}`);
      return `(${parts.join(', ')})`;
    });
    const where = ` WHERE (${list(reference.source)}) IN (VALUES ${values.join(', ')})`;
    fetched += await append(source, copy, schema, reference.parent, where);
  }
  return fetched;
}

/** Their partners were deleted between two reads; what points to them goes too. */
async function dropOrphans(copy: Session, schema: string, references: Reference[]): Promise<void> {
  for (let round = 0; round < mostRounds; round += 1) {
    let dropped = 0;
    for (const reference of references) {
      const { rowCount } = await copy.query(
        `DELETE FROM ${qualified(schema, reference.child.table.name)} WHERE ctid IN (SELECT c.ctid ${missing(schema, reference)})`,
      );
      dropped += rowCount ?? 0;
    }
    if (dropped === 0) return;
  }
}
