import { createHash } from 'node:crypto';
import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { Conflict, NotFound, RecordContended } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent, type ItemPage, type Place } from '#platform/records.ts';
import { readBackups } from '../executions/progress.ts';
import { readMigration } from '../migration-store.ts';
import { BackupRecord, MigrationRecord } from '../records.ts';
import { keys, readItem, readPage, writeItem } from '../store.ts';

// Which backups there are and how long they stay. Their rows are store.ts's.

/** One id a backup, told from where it lies: it names the migration, so that nothing else must be looked up. */
export const backupId = (migration: string, location: string): string =>
  `bak_${migration.slice('mig_'.length)}_${createHash('sha256').update(location).digest('hex').slice(0, 10)}`;

/** `undo-1`: the purpose and the attempt that a backup was made in. */
const runOf = (migration: string, { location, backup }: Pick<BackupRecord, 'location' | 'backup'>): string =>
  location.slice(`backups/${migration}/`.length, -`-${backup}`.length);

/** Where a backup's rows lie, as store.ts takes it. */
export const nameInBucket = (migration: string, { location }: Pick<BackupRecord, 'location'>): string =>
  location.slice(`backups/${migration}/`.length);

export interface FoundBackup {
  id: string;
  migration: MigrationRecord;
  backup: BackupRecord;
}

const found = (migration: MigrationRecord, backup: BackupRecord): FoundBackup => ({
  id: backupId(migration.id, backup.location),
  migration,
  backup,
});

/** A backup by its id. Throws NotFound. */
export async function findBackup(id: string): Promise<FoundBackup> {
  const [, suffix] = id.split('_');
  const missing = new NotFound(`There is no backup ${id}`, {
    evidence: { id },
    action: 'List them with `theseus backup list`.',
  });
  const migration = await readMigration(`mig_${suffix}`).catch((error: unknown) => {
    throw error instanceof NotFound ? missing : error;
  });
  const backup = (await readBackups(migration.id)).find(
    ({ location }) => backupId(migration.id, location) === id,
  );
  if (backup === undefined) throw missing;
  return found(migration, backup);
}

/** A page of the backups of one migration. */
export async function listBackupsOf(
  migration: MigrationRecord,
  limit: number,
  from?: Place,
): Promise<ItemPage<FoundBackup>> {
  const { pk } = keys.migration(migration.id);
  const page = await readPage(BackupRecord, { pk, prefix: 'BACKUP#', limit, from });
  return { items: page.items.map((backup) => found(migration, backup)), next: page.next };
}

const Entry = z.object({ migration: z.string(), run: z.string(), backup: z.string() });

/** Backups newest first: all, or those of one database (id). */
export async function listBackups(
  { database, limit }: { database?: string | undefined; limit: number },
  from?: Place,
): Promise<ItemPage<FoundBackup>> {
  const list =
    database === undefined
      ? { pk: keys.backupEntry('', '').pk }
      : { pk: keys.databaseBackup(database, '', '').pk, prefix: 'BACKUP#' };
  const page = await readPage(Entry, { ...list, limit, newestFirst: true, from });
  const records = await Promise.all(
    page.items.map(async ({ migration, run, backup }) => ({
      migration: await readItem(MigrationRecord, keys.migration(migration)),
      backup: await readItem(BackupRecord, keys.backup(migration, run, backup)),
    })),
  );
  const items = records.flatMap(({ migration, backup }) =>
    // Entered in the list, and cut off before it was whole.
    migration === undefined || backup === undefined ? [] : [found(migration, backup)],
  );
  return { items, next: page.next };
}

/** Enters a backup that is whole: into its lists first, under the time its attempt began, so that a rerun enters it once. */
export async function keepBackup(
  migration: MigrationRecord,
  run: string,
  whole: Pick<BackupRecord, 'purpose' | 'backup' | 'table' | 'columns' | 'key' | 'location'> &
    Pick<BackupRecord, 'rows' | 'bytes' | 'parts'>,
): Promise<void> {
  const id = backupId(migration.id, whole.location);
  const began = new Date(migration.execution?.startedAt ?? 0).toISOString();
  const entry = { migration: migration.id, run, backup: whole.backup };
  await writeItem(keys.backupEntry(began, id), entry);
  await writeItem(keys.databaseBackup(migration.databaseId, began, id), entry);
  const { keepBackupsSeconds } = migration.options;
  // One reading of the clock: the retention counts from the very time that is shown.
  const now = clock.now();
  const record: BackupRecord = {
    ...whole,
    at: new Date(now).toISOString(),
    version: 0,
    keptUntil:
      keepBackupsSeconds === undefined ? null : new Date(now + keepBackupsSeconds * 1_000).toISOString(),
    verified: null,
    deletion: null,
  };
  // Of two runs the first counts: what was decided on it since stays.
  await writeItem(
    keys.backup(migration.id, run, whole.backup),
    { ...record, ...toDelete(id, record) },
    absent,
  );
}

/** Where the sweeper finds what is to be deleted, and from when on. */
function toDelete(id: string, { keptUntil, deletion }: BackupRecord): Record<string, string> {
  if (deletion?.done || keptUntil === null) return {};
  return { gsi1pk: keys.backupsToDelete, gsi1sk: `${keptUntil}#${id}` };
}

const contentionAttempts = 6;

/** Reads, decides, writes unless somebody wrote between. `decide` throws to refuse. Throws NotFound, RecordContended. */
export async function changeBackup(
  id: string,
  decide: (found: FoundBackup) => Partial<BackupRecord> | undefined,
): Promise<FoundBackup> {
  for (let attempt = 0; attempt < contentionAttempts; attempt += 1) {
    const before = await findBackup(id);
    const change = decide(before);
    if (change === undefined) return before;
    const { migration, backup } = before;
    const after: BackupRecord = { ...backup, ...change, version: backup.version + 1 };
    const written = await writeItem(
      keys.backup(migration.id, runOf(migration.id, backup), backup.backup),
      { ...after, ...toDelete(id, after) },
      {
        // Those of versions before had no number.
        expression: 'attribute_not_exists(#version) OR #version = :version',
        names: { '#version': 'version' },
        values: { ':version': backup.version },
      },
    );
    if (written) return found(migration, after);
    await clock.sleep(jitteredBackoff(attempt, 20, 1_000));
  }
  throw new RecordContended(`Backup ${id} was written by others ${contentionAttempts} times in a row`, {
    evidence: { id },
    action: 'Repeat the request.',
  });
}

/** Throws Conflict when somebody deleted the backup, or its time was over. */
export function assertKept({ id, backup: { deletion } }: FoundBackup): void {
  if (deletion === null) return;
  throw new Conflict(`Backup ${id} was deleted: ${deletion.reason}`, {
    evidence: { by: deletion.by, at: deletion.at, reason: deletion.reason },
    action: 'A bucket with versions keeps its objects for 30 days more; an administrator can restore them.',
  });
}
