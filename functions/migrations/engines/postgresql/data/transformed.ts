import pg from 'pg';
import type { Load } from '../../../plan/schemas.ts';
import type { KeyRange, RowHash, RowSide, SourceSide } from '../../engine.ts';
import type { Session } from '../connection.ts';
import { relation } from '../keyset.ts';
import { hashOfColumns } from './given-keys.ts';
import { rowsAsJson, sourceText, targetText } from './rows.ts';
import { keysIn, scopeOf, transformed } from './scope.ts';

const { escapeIdentifier: quote } = pg;

interface Rows {
  from: string;
  values: string[];
  /** SQL of the key's columns and of the row's text. */
  key: string[];
  text: string;
}

/**
 * Two independent 64-bit sums: that two different sets of as many rows agree in both by chance is one case in 2^128.
 * Exclusive or, because it does not overflow, and no key is there twice.
 */
const sums = (text: string): string =>
  `concat(bit_xor(hashtextextended(${text} COLLATE "C", 0)), ' ', bit_xor(hashtextextended(${text} COLLATE "C", 1)))`;

function sideOf(session: Session, load: Load, rows: Rows) {
  const columns = rows.key.map((sql) => (load.bytewise ? `(${sql}) COLLATE "C"` : sql));
  const within = ({ from, to }: KeyRange) => {
    const values = [...rows.values];
    const bound = (operator: string, key: string[] | null) => {
      if (key === null) return [];
      const at = values.length + 1;
      values.push(...key);
      const given = load.toKey.map(({ type }, index) => `$${at + index}::${type}`);
      return [`(${columns.join(', ')}) ${operator} (${given.join(', ')})`];
    };
    const text = [...bound('>', from), ...bound('<=', to)].join(' AND ') || 'true';
    return { text, values };
  };
  const keyArray = `ARRAY[${rows.key.map((sql) => `(${sql})::text`).join(', ')}]`;
  const side: RowSide = {
    async checksum(range) {
      const { text, values } = within(range);
      const found = await session.query<{ rows: string; sums: string }>(
        `SELECT count(*) AS rows, ${sums('line')} AS sums FROM (SELECT ${rows.text} AS line FROM ${rows.from} WHERE ${text}) AS lines`,
        values,
      );
      return { rows: Number(found.rows[0]?.rows ?? 0), sums: found.rows[0]?.sums ?? '' };
    },
    async hashes(range, limit) {
      const { text, values } = within(range);
      const found = await session.query<RowHash>(
        `SELECT ${keyArray} AS key, md5(${rows.text}) AS hash FROM ${rows.from} WHERE ${text} LIMIT ${limit}`,
        values,
      );
      return found.rows;
    },
    async keyAfter(range, count) {
      const { text, values } = within(range);
      const found = await session.query<{ key: string[] }>(
        `SELECT ${keyArray} AS key FROM ${rows.from} WHERE ${text} ORDER BY ${columns.join(', ')} OFFSET ${count - 1} LIMIT 1`,
        values,
      );
      return found.rows[0]?.key ?? null;
    },
  };
  return { ...side, within };
}

/** The rows that the target has; `notGiven`: how many a range has, and the keys of those that this owner never gave. */
export function targetSide(session: Session, load: Load) {
  const key = load.toKey.map(({ column }) => `t.${quote(column)}`);
  const rows = { from: `${relation(load.to)} AS t`, values: [], key, text: targetText(load.columns, 't') };
  const { within, ...side } = sideOf(session, load, rows);
  const texts = key.map((column) => `${column}::text`);
  return {
    ...side,
    async notGiven(range: KeyRange, owner: string): Promise<{ rows: number; others: string[][] }> {
      const { text, values } = within(range);
      const found = await session.query<{ rows: number; others: string[][] }>(
        `SELECT count(*)::int AS rows, coalesce(json_agg(key) FILTER (WHERE NOT given), '[]') AS others FROM (
           SELECT ARRAY[${texts.join(', ')}] AS key, EXISTS (
             SELECT FROM theseus.given WHERE owner = '${owner}' AND key = ${hashOfColumns(texts)}) AS given
           FROM ${rows.from} WHERE ${text}) AS each`,
        values,
      );
      return found.rows[0] ?? { rows: 0, others: [] };
    },
  };
}

/** The rows that it should have: the transformation in SQL over all records but those that were refused. */
export function sourceSide(session: Session, load: Load, without: string[][]): SourceSide {
  const scope = scopeOf(load, { from: null, to: null, without });
  const every = `NOT MATERIALIZED (SELECT * FROM ${relation(load.from)} WHERE ${scope.text})`;
  const from = `(${transformed(load, every)}) AS o`;
  const key = load.toKey.map(({ column, type }) => {
    const same = load.columns.find(({ name }) => name === column)?.same === true;
    return same ? `o.${quote(column)}` : `o.${quote(column)}::text::${type}`;
  });
  const { within: _within, ...side } = sideOf(session, load, {
    from,
    values: scope.values,
    key,
    text: sourceText(load.columns, 'o'),
  });
  return {
    ...side,
    async rowsOf(keys) {
      const at = scope.values.length + 1;
      const wanted = `(SELECT * FROM ${from} WHERE (${key.join(', ')}) IN (SELECT ${keysIn(load.toKey, at)}))`;
      const found = await session.query<{ rows: string }>(
        `SELECT ${rowsAsJson(load.columns, wanted)} AS rows`,
        [...scope.values, JSON.stringify(keys)],
      );
      return found.rows[0]?.rows ?? '[]';
    },
  };
}
