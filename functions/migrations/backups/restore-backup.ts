import { NotFound } from '#platform/errors.ts';
import { artifactsBucket } from '../artifacts.ts';
import type { RunOptions } from '../engines/engine.ts';
import { readBackups } from '../progress.ts';
import type { RestoredRows, RestoreRows } from '../schemas.ts';
import { changeMigration, readMigration } from '../store.ts';
import { withTarget } from '../target.ts';
import { restoreRows } from './restore.ts';
import { readManifest } from './store.ts';

/**
 * Makes a table of a backup's columns in the migration's schema and fills it. Nothing that stands is touched, so it may
 * be done at any time, also beside another migration. Throws NotFound, TableExists, BackupDamaged.
 */
export async function restoreBackup(
  id: string,
  actor: string,
  { backup, table }: RestoreRows,
  options: RunOptions,
): Promise<RestoredRows> {
  const record = await readMigration(id);
  const known = (await readBackups(id)).map(({ location }) => location);
  if (!known.includes(backup)) {
    throw new NotFound(`Migration ${id} has no backup ${backup}`, {
      evidence: { backup, known: known.slice(0, 20) },
      action: `Its backups are listed by: theseus migration show ${id}`,
    });
  }
  const place = { bucket: artifactsBucket(), migration: id, backup: backup.slice(`backups/${id}/`.length) };
  const manifest = await readManifest(place);
  // Without types every value still has its text.
  const columns = manifest.columns.map((name, at) => ({ name, type: manifest.types?.[at] ?? 'text' }));
  const rows = await withTarget(record, 'restore', (engine) =>
    engine.restoreTable({ schema: record.schema, name: table }, columns, options, (append) =>
      restoreRows(place, manifest, append, options.signal),
    ),
  );
  await changeMigration(id, () => ({
    set: {},
    events: [{ type: 'backup.restored', actor, data: { backup, table, rows } }],
  }));
  return { schema: record.schema, table, columns: manifest.columns, rows };
}
