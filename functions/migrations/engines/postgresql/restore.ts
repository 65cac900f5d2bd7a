import { TableExists } from '../../errors.ts';
import type { TableRef } from '../../plan/schemas.ts';
import { qualified, quoteIdentifier } from '../../sql/identifiers.ts';
import { inTransaction, type Session } from './connection.ts';
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
 * filled into a table that stands: what is there may be newer. Throws TableExists.
 */
export function restoreTable<T>(
  session: Session,
  { schema, name }: Pick<TableRef, 'schema' | 'name'>,
  columns: { name: string; type: string }[],
  fill: (append: (rows: AsyncIterable<Buffer>) => Promise<number>) => Promise<T>,
): Promise<T> {
  const table = { schema, name, oid: null };
  return inTransaction(session, async () => {
    const { rows } = await session.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
      qualified(schema, name),
    ]);
    if (rows[0]?.there === true) {
      throw new TableExists(`There is a relation "${name}" in schema "${schema}" already`, {
        evidence: { schema, table: name },
        action: 'Restore into a table that does not exist; then copy from it what you need.',
      });
    }
    const list = columns.map((column) => `${quoteIdentifier(column.name)} ${column.type}`).join(', ');
    await session.query(`CREATE TABLE ${qualified(schema, name)} (${list})`);
    return fill((lines) =>
      importRows(
        session,
        table,
        columns.map((column) => column.name),
        lines,
      ),
    );
  });
}
