import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { RowBackup, TableRef } from '../../plan/schemas.ts';
import type { KeyRange, RunOptions } from '../engine.ts';
import type { Open } from './chunks.ts';
import type { Session } from './connection.ts';
import { statementError } from './database-errors.ts';
import { keyList, keyText, rangeLiteral, relation, seeKeyTypes } from './keyset.ts';

/** One statement may read a whole range. */
const TIMEOUT_MS = 10 * 60_000;

/** How many rows a backup will hold, counted by reading. */
export async function countRows(session: Session, backup: RowBackup): Promise<number> {
  const found = await session.query<{ rows: string }>(
    `SELECT count(*) AS rows FROM ${relation(backup.table)} WHERE ${backup.where}`,
  );
  return Number(found.rows[0]?.rows ?? 0);
}

/** How many rows the predicate is true of, and the keys of the first `most` of them; no keys where the table has none. */
export async function findRows(
  session: Session,
  { table, key, where }: Pick<RowBackup, 'table' | 'key' | 'where'>,
  most: number,
): Promise<{ rows: number; sample: string[][] }> {
  const counted = await session.query<{ rows: string }>(
    `SELECT count(*) AS rows FROM ${relation(table)} WHERE ${where}`,
  );
  const rows = Number(counted.rows[0]?.rows ?? 0);
  if (rows === 0 || key.length === 0) return { rows, sample: [] };
  await seeKeyTypes(session, key);
  const found = await session.query<{ key: string[] }>(
    `SELECT ${keyText(key)} AS key FROM ${relation(table)} WHERE ${where} ORDER BY ${keyList(key)} LIMIT $1`,
    [most],
  );
  return { rows, sample: found.rows.map((row) => row.key) };
}

/**
 * The rows of a backup within a range, as COPY's text format: one line a row, in the order of `backup.columns` and of
 * the key. Read in one snapshot on a session of its own, which ends with the stream; errors come through the stream.
 */
export async function exportRows(
  open: Open,
  backup: RowBackup,
  range: KeyRange,
  options: RunOptions,
): Promise<Readable> {
  const session = await open('export', {
    schema: backup.table.schema,
    readOnly: true,
    statementTimeoutMs: TIMEOUT_MS,
  });
  try {
    await seeKeyTypes(session, backup.key);
  } catch (error) {
    await session.close();
    throw error;
  }
  const columns = backup.columns.map((column) => pg.escapeIdentifier(column)).join(', ');
  const order = backup.key.length > 0 ? ` ORDER BY ${keyList(backup.key)}` : '';
  const text = `COPY (SELECT ${columns} FROM ${relation(backup.table)} WHERE (${backup.where}) AND ${rangeLiteral(backup.key, range.from, range.to)}${order}) TO STDOUT`;
  const rows = new PassThrough();
  const source = session.client.query(copyTo(text));
  const stop = () => rows.destroy(new Error('The export was stopped', { cause: options.signal.reason }));
  source.on('error', (error) => rows.destroy(statementError(error, text)));
  options.signal.addEventListener('abort', stop, { once: true });
  rows.once('close', () => {
    options.signal.removeEventListener('abort', stop);
    // A reader that left early does not want the rest of the rows.
    if (rows.readableEnded) void session.close();
    else session.detach();
  });
  source.pipe(rows);
  if (options.signal.aborted) stop();
  return rows;
}

/**
 * Appends rows in COPY's text format to a table, within the caller's transaction. Returns how many.
 * @throws the named errors of database-errors.ts, and what the stream of rows throws.
 */
export async function importRows(
  session: Session,
  table: TableRef,
  columns: readonly string[],
  rows: AsyncIterable<Buffer>,
): Promise<number> {
  const names = columns.map((column) => pg.escapeIdentifier(column)).join(', ');
  const text = `COPY ${relation(table)} (${names}) FROM STDIN`;
  const sink = session.client.query(copyFrom(text));
  try {
    await pipeline(rows, sink);
  } catch (error) {
    throw error instanceof pg.DatabaseError ? statementError(error, text) : error;
  }
  return sink.rowCount;
}
