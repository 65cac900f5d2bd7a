import type { TableRef } from '../../plan/schemas.ts';
import type { KeyRange } from '../engine.ts';
import type { Session } from './connection.ts';
import { afterParameters, type Key, keyList, keyListDescending, keyText, relation } from './keyset.ts';

/** Blocks read for every part: some thousands of rows, so that parts differ in size by a few per cent. */
const BLOCKS_A_PART = 50;

/**
 * Splits a table into at most `parts` ranges of about equal numbers of rows, by the percentiles of a sample of its
 * blocks: right for keys with gaps, for text, for uuids and for composite keys alike. The first range is open below;
 * the last ends at the greatest key of this moment, because later rows are written by the dual write and a moving end
 * could be chased for ever. No ranges for an empty table.
 */
export async function splitRanges(
  session: Session,
  table: TableRef,
  key: Key,
  parts: number,
): Promise<KeyRange[]> {
  const name = relation(table);
  const greatest = await session.query<{ key: string[] }>(
    `SELECT ${keyText(key)} AS key FROM ${name} ORDER BY ${keyListDescending(key)} LIMIT 1`,
  );
  const last = greatest.rows[0]?.key;
  if (!last) return [];
  const bounds = parts > 1 ? await percentiles(session, name, key, parts, last) : [];
  return [...bounds, last].map((to, index) => ({ from: bounds[index - 1] ?? null, to }));
}

/** The upper bounds of all parts but the last, ascending and distinct. */
async function percentiles(
  session: Session,
  name: string,
  key: Key,
  parts: number,
  last: string[],
): Promise<string[][]> {
  const found = await session.query<{ key: string[] }>(
    `WITH size AS (
       SELECT greatest(1, coalesce((SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree($1::regclass)),
                                   pg_relation_size($1::regclass)) / current_setting('block_size')::int) AS blocks
     ), sample AS (
       SELECT ${keyList(key)}, ntile($2::int) OVER (ORDER BY ${keyList(key)}) AS part
       FROM ${name} TABLESAMPLE SYSTEM (
         (SELECT least(100, 100.0 * $2::int * ${BLOCKS_A_PART} / blocks)::real FROM size)) REPEATABLE (0)
     ), bounds AS (
       SELECT DISTINCT ON (part) part, ${keyList(key)} FROM sample WHERE part < $2::int ORDER BY part, ${keyListDescending(key)}
     )
     SELECT ${keyText(key)} AS key FROM bounds ORDER BY ${keyList(key)}`,
    [name, parts],
  );
  return found.rows.map((bound) => bound.key).filter((bound) => !sameKey(bound, last));
}

const sameKey = (a: string[], b: string[]): boolean => a.every((part, index) => part === b[index]);

/**
 * At most `spans` ranges of at most `rows` consecutive rows, each at the beginning of one of as many equal parts of the
 * table. Of a table that has hardly more rows the whole, in one or several ranges.
 */
export async function sampleRanges(
  session: Session,
  table: TableRef,
  key: Key,
  { spans, rows }: { spans: number; rows: number },
): Promise<KeyRange[]> {
  const parts = await splitRanges(session, table, key, spans);
  const sampled: KeyRange[] = [];
  for (const { from, to } of parts) {
    const after = from === null ? 'true' : afterParameters(key, 2);
    const { rows: found } = await session.query<{ key: string[] }>(
      `SELECT ${keyText(key)} AS key FROM ${relation(table)} WHERE ${after} ORDER BY ${keyList(key)} OFFSET $1 LIMIT 1`,
      [rows - 1, ...(from ?? [])],
    );
    const end = found[0]?.key;
    sampled.push({ from, to: end === undefined ? to : await lesser(session, key, end, to) });
  }
  return sampled;
}

/** A span never reaches into the part after its own. */
async function lesser(session: Session, key: Key, end: string[], to: string[] | null): Promise<string[]> {
  if (to === null) return end;
  const row = (first: number) =>
    `ROW(${key.map(({ type }, index) => `$${first + index}::${type}`).join(', ')})`;
  const { rows } = await session.query<{ before: boolean }>(
    `SELECT ${row(1)} <= ${row(1 + key.length)} AS before`,
    [...end, ...to],
  );
  return rows[0]?.before === true ? end : to;
}
