import pg from 'pg';
import type { Backfill, TableRef } from '../../plan/schemas.ts';
import type { ChosenRows } from '../engine.ts';
import type { Session } from './connection.ts';

const { escapeIdentifier: quote, escapeLiteral } = pg;

/** A table's key; the order of rows everywhere here is the order of this key's index. */
export type Key = Backfill['key'];

/** The table's quoted, qualified name. */
export const relation = (table: TableRef): string => `${quote(table.schema)}.${quote(table.name)}`;

/** `"a", "b"`: for a SELECT list or an ORDER BY. */
export const keyList = (key: Key): string => key.map((part) => quote(part.column)).join(', ');

/** `"a" DESC, "b" DESC`. */
export const keyListDescending = (key: Key): string =>
  key.map((part) => `${quote(part.column)} DESC`).join(', ');

/** The key's text form as one array, which is what ranges and checkpoints hold. */
export const keyText = (key: Key): string =>
  `ARRAY[${key.map((part) => `${quote(part.column)}::text`).join(', ')}]`;

const row = (parts: string[]): string => (parts.length === 1 ? parts.join() : `(${parts.join(', ')})`);
const columns = (key: Key): string => row(key.map((part) => quote(part.column)));

/** `(a, b) > ($n::x, $n+1::y)`, bound values from parameter `first` on. */
export const afterParameters = (key: Key, first: number): string =>
  `${columns(key)} > ${row(key.map((part, index) => `$${first + index}::${part.type}`))}`;

/** `(a, b) <= ($n::x, $n+1::y)`. */
export const untilParameters = (key: Key, first: number): string =>
  `${columns(key)} <= ${row(key.map((part, index) => `$${first + index}::${part.type}`))}`;

/** `(a, b) <= (the one row of the CTE named `source`)`. */
export const untilRowOf = (key: Key, source: string): string =>
  `${columns(key)} <= ${row(key.map((part) => `(SELECT ${quote(part.column)} FROM ${source})`))}`;

/** A range as a condition with its values as literals, for COPY, which takes no parameters. */
export function rangeLiteral(key: Key, from: readonly string[] | null, to: readonly string[] | null): string {
  const literals = (values: readonly string[]) =>
    row(key.map((part, index) => `${escapeLiteral(values[index] ?? '')}::${part.type}`));
  return (
    [
      ...(from ? [`${columns(key)} > ${literals(from)}`] : []),
      ...(to ? [`${columns(key)} <= ${literals(to)}`] : []),
    ].join(' AND ') || 'true'
  );
}

/** The rows somebody chose by their keys, both bounds included, with the values as literals. */
export function chosenLiteral({ key, keys, from, to }: ChosenRows): string {
  const literals = (values: readonly string[]) =>
    row(key.map((part, index) => `${escapeLiteral(values[index] ?? '')}::${part.type}`));
  if (keys !== undefined) return `${columns(key)} IN (${keys.map(literals).join(', ')})`;
  return (
    [
      ...(from === undefined ? [] : [`${columns(key)} >= ${literals(from)}`]),
      ...(to === undefined ? [] : [`${columns(key)} <= ${literals(to)}`]),
    ].join(' AND ') || 'true'
  );
}

/**
 * Lets a session find the operators of the key's own types, which may live in a schema of their own, as an extension's
 * do. Without it `>` on such a key could be another type's, in another order than the index.
 */
export async function seeKeyTypes(session: Session, key: Key): Promise<void> {
  await session.query(
    `SELECT set_config('search_path', concat_ws(', ', current_setting('search_path'), (
       SELECT string_agg(DISTINCT quote_ident(n.nspname), ', ') FROM unnest($1::text[]) AS named(type)
       JOIN pg_type t ON t.oid = named.type::regtype JOIN pg_namespace n ON n.oid = t.typnamespace
       WHERE n.nspname <> 'pg_catalog')), false)`,
    [key.map((part) => part.type)],
  );
}
