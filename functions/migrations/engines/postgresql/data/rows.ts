import pg from 'pg';
import { unlimited } from '../../../data/types.ts';
import type { LoadColumn } from '../../../plan/schemas.ts';

const { escapeIdentifier: quote } = pg;

// Rows go from one database to the other as JSON objects of texts: a text is what every type can be written as and read
// from without a loss.

/** A JSON array of a relation's rows. */
export function rowsAsJson(columns: readonly LoadColumn[], relation: string): string {
  const texts = columns.map(({ name }) => `each.${quote(name)}::text AS ${quote(name)}`);
  return `coalesce((SELECT json_agg(row_to_json(line)) FROM (SELECT ${texts.join(', ')} FROM ${relation} AS each) AS line), '[]')::text`;
}

/** The rows of a JSON parameter in the target's own types: what is too long for its column is refused, not cut. */
export function rowsFromJson(columns: readonly LoadColumn[], parameter: number): string {
  const values = columns.map(({ name, type }) => `each.${quote(name)}::${unlimited(type)} AS ${quote(name)}`);
  const names = columns.map(({ name }) => `${quote(name)} text`);
  return `SELECT ${values.join(', ')} FROM json_to_recordset($${parameter}::json) AS each(${names.join(', ')})`;
}

/** A row of the target as one text; `of` names the relation. */
export const targetText = (columns: readonly LoadColumn[], of: string): string =>
  `ROW(${columns.map(({ name }) => `${of}.${quote(name)}`).join(', ')})::text`;

/** The same text of a row that is to be loaded, in the limits of the target's types. */
export const inputText = (columns: readonly LoadColumn[], of: string): string =>
  `ROW(${columns.map(({ name, type }) => `${of}.${quote(name)}::${type}`).join(', ')})::text`;

/** The same text of a transformed row in the source's database, as far as that knows the types. */
export const sourceText = (columns: readonly LoadColumn[], of: string): string =>
  `ROW(${columns
    .map(({ name, type, same, shared }) => {
      const value = `${of}.${quote(name)}`;
      if (same) return value;
      return shared ? `${value}::text::${type}` : `${value}::text`;
    })
    .join(', ')})::text`;
