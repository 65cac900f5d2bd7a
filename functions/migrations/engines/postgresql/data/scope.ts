import pg from 'pg';
import type { Load } from '../../../plan/schemas.ts';
import type { RecordRange } from '../../engine.ts';
import { afterParameters, type Key, untilParameters } from '../keyset.ts';

const { escapeIdentifier: quote } = pg;

/** A condition over the source's own rows with its values, numbered from `$1` on. */
export interface Condition {
  text: string;
  values: string[];
}

/** Rows of a range that belong to the load. */
export function scopeOf(load: Pick<Load, 'key' | 'watermark'>, range: RecordRange): Condition {
  const { without = [] } = range;
  const { key, watermark } = load;
  const values: string[] = [];
  const parts: string[] = [];
  if (range.from !== null) {
    parts.push(afterParameters(key, values.length + 1));
    values.push(...range.from);
  }
  if (range.to !== null) {
    parts.push(untilParameters(key, values.length + 1));
    values.push(...range.to);
  }
  if (range.only !== undefined) {
    const at = values.length;
    const given = key.map(({ type }, index) => `$${at + index + 1}::${type}`);
    parts.push(`${row(key.map(({ column }) => quote(column)))} = ${row(given)}`);
    values.push(...range.only);
  }
  if (watermark !== null && watermark.since !== null) {
    const step = /^(timestamp|date)/.test(watermark.type) ? 'interval' : watermark.type;
    const at = values.length + 1;
    parts.push(`${quote(watermark.column)} > $${at}::${watermark.type} - $${at + 1}::${step}`);
    values.push(watermark.since, watermark.overlap);
  }
  if (without.length > 0) {
    parts.push(
      `${row(key.map(({ column }) => quote(column)))} NOT IN (SELECT ${keysIn(key, values.length + 1)})`,
    );
    values.push(JSON.stringify(without));
  }
  return { text: parts.join(' AND ') || 'true', values };
}

/** One column as it is, several as a row. */
export const row = (parts: string[]): string => (parts.length === 1 ? parts.join() : `(${parts.join(', ')})`);

/** Keys of a JSON parameter as rows of their own types: for `IN (SELECT …)`. */
export const keysIn = (key: Key, parameter: number): string =>
  `${key.map(({ type }, index) => `(each ->> ${index})::${type}`).join(', ')} FROM json_array_elements($${parameter}::json) AS each`;

/** The transformation in SQL over a FROM of ours. A line comment at its end ends with the line. */
export const transformed = (load: Load, source: string): string =>
  `WITH source AS ${source} ${selectOf(load)}`;
/** The transformation in SQL over a relation `source`; without one the records as they are. */
export const selectOf = ({ transform }: Load): string =>
  transform.kind === 'sql' ? `SELECT * FROM (${transform.sql}\n) AS given` : 'SELECT * FROM source';
