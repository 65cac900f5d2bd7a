import { quoteIdentifier } from '../../../sql/identifiers.ts';

/** What the table said of a group's columns when the group began. */
export interface ColumnFacts {
  type: string;
  notNull: boolean;
  hasDefault: boolean;
}

/** Types whose values are equal exactly when they are stored alike: they have a fast and exact comparison. */
const exact = new Set([
  'boolean',
  'smallint',
  'integer',
  'bigint',
  'oid',
  'uuid',
  'bytea',
  'date',
  'timestamp without time zone',
  'timestamp with time zone',
]);
const text = /^(text|character varying)(\(\d+\))?$/;

/**
 * SQL that is true when any of the columns is stored differently in the two rows. Images are compared where equality
 * is coarser than that (1.0 and 1.00, a collation's capitals) or does not exist (json, xml).
 */
export function differs(
  columns: string[],
  facts: Record<string, ColumnFacts>,
  left: 'OLD' | 'NEW',
  right: 'OLD' | 'NEW',
): string {
  if (columns.length === 0) return 'false';
  const compared = columns.map((column) => {
    const name = quoteIdentifier(column);
    const type = facts[column]?.type ?? '';
    if (exact.has(type)) return `${left}.${name} IS DISTINCT FROM ${right}.${name}`;
    if (text.test(type)) return `${left}.${name} COLLATE "C" IS DISTINCT FROM ${right}.${name} COLLATE "C"`;
    return `pg_catalog.record_image_ne(ROW(${left}.${name}), ROW(${right}.${name}))`;
  });
  return `(${compared.join(' OR ')})`;
}
