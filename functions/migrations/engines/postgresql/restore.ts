import { SchemaNotFound, TableExists } from '../../errors.ts';
import type { TableRef } from '../../plan/schemas.ts';
import { qualified, quoteIdentifier } from '../../sql/identifiers.ts';
import type { AppendRows, ChosenRows } from '../engine.ts';
import { inTransaction, type Session } from './connection.ts';
import { chosenLiteral, seeKeyTypes } from './keyset.ts';
import { importRows } from './rows.ts';

/** The types of some columns, in their order; types outside pg_catalog come with their schema. */
export async function columnTypes(session: Session, table: TableRef, columns: string[]): Promise<string[]> {
  const { rows } = await session.query<{ name: string; type: string }>(
    `SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [qualified(table.schema, table.name)],
  );
  const types = new Map(rows.map(({ name, type }) => [name, type]));
  return columns.map((column) => types.get(column) ?? 'text');
}

/**
 * Makes a table without constraints and fills it in the same transaction, so that nobody sees half of it. It is never
 * filled into a table that stands: what is there may be newer. Throws TableExists, SchemaNotFound.
 */
export function restoreTable<T>(
  session: Session,
  { schema, name }: Pick<TableRef, 'schema' | 'name'>,
  columns: { name: string; type: string }[],
  chosen: ChosenRows | null,
  fill: (append: AppendRows) => Promise<T>,
): Promise<T> {
  const table = { schema, name, oid: null };
  const names = columns.map((column) => column.name);
  const list = columns.map((column) => `${quoteIdentifier(column.name)} ${column.type}`).join(', ');
  return inTransaction(session, async () => {
    await assertFree(session, schema, name);
    await session.query(`CREATE TABLE ${qualified(schema, name)} (${list})`);
    if (chosen === null) {
      return fill(async (lines) => {
        const rows = await importRows(session, table, names, lines);
        return { read: rows, kept: rows };
      });
    }
    await seeKeyTypes(session, chosen.key);
    const condition = chosenLiteral(chosen);
    // Before anything is read: a key that is none of its type is refused here.
    await session.query(`SELECT 1 FROM ${qualified(schema, name)} WHERE ${condition}`);
    await session.query(`CREATE TEMP TABLE ${staging.name} (${list}) ON COMMIT DROP`);
    return fill(async (lines) => {
      const read = await importRows(session, staging, names, lines);
      const kept = await session.query(
        `INSERT INTO ${qualified(schema, name)} SELECT * FROM pg_temp.${staging.name} WHERE ${condition}`,
      );
      // Made in this transaction, so its room is free at once: no more than one part lies here.
      await session.query(`TRUNCATE pg_temp.${staging.name}`);
      return { read, kept: kept.rowCount ?? 0 };
    });
  });
}

/** Where a part lies while the rows asked for are taken from it. */
const staging: TableRef = { schema: 'pg_temp', name: 'theseus_restored', oid: null };

async function assertFree(session: Session, schema: string, name: string): Promise<void> {
  const { rows } = await session.query<{ schema: boolean; there: boolean }>(
    'SELECT to_regnamespace($2) IS NOT NULL AS schema, to_regclass($1) IS NOT NULL AS there',
    [qualified(schema, name), quoteIdentifier(schema)],
  );
  if (rows[0]?.schema !== true) {
    throw new SchemaNotFound(`There is no schema "${schema}"`, {
      evidence: { schema },
      action: `Create it first: CREATE SCHEMA ${quoteIdentifier(schema)}`,
    });
  }
  if (rows[0].there) {
    throw new TableExists(`There is a relation "${name}" in schema "${schema}" already`, {
      evidence: { schema, table: name },
      action: 'Restore into a table that does not exist; then copy from it what you need.',
    });
  }
}
