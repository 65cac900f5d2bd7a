import type { Session } from '../connection.ts';

/** Keys of the source's records that a load refused; no more than a migration may have. */
export async function readRefusedKeys(
  session: Session,
  migration: string,
  load: string,
): Promise<string[][]> {
  const { rows } = await session.query<{ key: string[] }>(
    'SELECT key FROM theseus.record_errors WHERE migration = $1 AND load = $2 ORDER BY number LIMIT 20000',
    [migration, load],
  );
  return rows.map(({ key }) => key);
}
