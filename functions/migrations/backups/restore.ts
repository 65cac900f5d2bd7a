import { inTransaction, type Session } from '../engines/postgresql/connection.ts';
import { importRows } from '../engines/postgresql/rows.ts';
import type { TableRef } from '../plan/schemas.ts';
import { type BackupManifest, type BackupPlace, damaged, openPart } from './store.ts';

/**
 * Puts the rows of a backup into a table that has the backup's columns: all of them, or none when a part is damaged or
 * a row is refused. Returns the number of rows. The session's statement timeout must leave room for the largest part.
 * @throws BackupDamaged, ConstraintViolated and the other errors of the session.
 */
export async function restoreRows(
  place: BackupPlace,
  manifest: BackupManifest,
  session: Session,
  target: TableRef,
  signal: AbortSignal,
): Promise<number> {
  return inTransaction(session, async () => {
    let restored = 0;
    for (const part of manifest.parts) {
      const rows = await importRows(session, target, manifest.columns, openPart(place, part, signal));
      if (rows !== part.rows) throw damaged(part, `it holds ${rows} rows instead of ${part.rows}`);
      restored += rows;
    }
    return restored;
  });
}
