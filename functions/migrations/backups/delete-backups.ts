import { artifactsBucket } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import { Conflict } from '#platform/errors.ts';
import type { TaskTools } from '#platform/task.ts';
import { changeMigration, readBackupsToDelete } from '../migration-store.ts';
import type { MigrationRecord } from '../records.ts';
import { assertKept, changeBackup, type FoundBackup, findBackup, nameInBucket } from './catalogue.ts';
import type { KeepBackup } from './schemas.ts';
import { deleteRows } from './store.ts';

// Deleting is the end of a backup's time: whoever asks for it ends that time now, and the sweeper does the rest.

/** What is on its way back or away may still need the rows. */
const acting = new Set<MigrationRecord['status']>([
  'rolling_back',
  'undoing',
  'waiting_for_decision',
  'removing',
]);

const tell = (migration: string, type: string, actor: string, data: Record<string, string | number | null>) =>
  changeMigration(migration, () => ({ set: {}, events: [{ type, actor, data }] }));

/** Sets how long a backup is kept. Throws NotFound, Conflict when it was deleted or the time is past. */
export async function keepUntil(id: string, actor: string, asked: KeepBackup): Promise<FoundBackup> {
  const { until, reason } = asked;
  if (until !== null && Date.parse(until) <= clock.now()) {
    throw new Conflict(`${until} is past: that would delete the backup`, {
      evidence: { until },
      action: `To delete it: theseus backup delete ${id} --reason <why>`,
    });
  }
  const keptUntil = until === null ? null : new Date(until).toISOString();
  const changed = await changeBackup(id, (found) => {
    assertKept(found);
    return { keptUntil };
  });
  await tell(changed.migration.id, 'backup.kept', actor, { backup: id, until: keptUntil, reason });
  return changed;
}

/** Ends a backup's time. Throws NotFound, Conflict when its migration is on its way back. */
export async function deleteBackup(id: string, actor: string, reason: string): Promise<FoundBackup> {
  const at = clock.iso();
  const changed = await changeBackup(id, ({ migration, backup }) => {
    if (acting.has(migration.status)) {
      throw new Conflict(`Migration ${migration.id} is ${migration.status}: its backups are in use`, {
        evidence: { migration: migration.id, status: migration.status },
        action: `Wait for its end: theseus migration watch ${migration.id}`,
      });
    }
    if (backup.deletion !== null) return undefined;
    return { keptUntil: at, deletion: { by: actor, at, reason, done: false } };
  });
  await tell(changed.migration.id, 'backup.deletion_asked', actor, { backup: id, reason });
  return changed;
}

/** Deletes the rows of backups whose time is over, at most 100 a run. One that fails does not keep the others. */
export async function deleteBackups(
  tools: Pick<TaskTools, 'signal' | 'logger' | 'metrics'>,
): Promise<number> {
  let deleted = 0;
  for (const id of await readBackupsToDelete(clock.iso())) {
    tools.signal.throwIfAborted();
    try {
      if (await deleteExpired(id, tools.signal)) deleted += 1;
    } catch (error) {
      tools.metrics.count('BackupNotDeleted');
      tools.logger.error('backup not deleted', error instanceof Error ? error : String(error));
    }
  }
  return deleted;
}

async function deleteExpired(id: string, signal: AbortSignal): Promise<boolean> {
  const { migration } = await findBackup(id);
  if (acting.has(migration.status)) return false;
  const at = clock.iso();
  // The record says so before the first object goes: nobody restores half a backup.
  const { backup } = await changeBackup(id, ({ backup: { deletion, keptUntil } }) =>
    // The index may be behind: somebody may have given it more time.
    deletion !== null || keptUntil === null || keptUntil > at
      ? undefined
      : { deletion: { by: 'theseus', at, reason: 'Its time was over', done: false } },
  );
  const { deletion } = backup;
  if (deletion === null || deletion.done) return false;
  const place = {
    bucket: artifactsBucket(),
    migration: migration.id,
    backup: nameInBucket(migration.id, backup),
  };
  await deleteRows(place, signal);
  await tell(migration.id, 'backup.deleted', deletion.by, {
    backup: id,
    rows: backup.rows,
    reason: deletion.reason,
  });
  await changeBackup(id, () => ({ deletion: { ...deletion, done: true } }));
  return true;
}
