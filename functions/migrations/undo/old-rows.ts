import { artifactsBucket } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import { backupId, nameInBucket } from '../backups/catalogue.ts';
import {
  type BackupManifest,
  type BackupPart,
  type BackupPlace,
  damaged,
  linesIn,
  openPart,
  readManifest,
} from '../backups/store.ts';
import type { Engine, Fence, RestoredCounts, RunOptions, StagedRows } from '../engines/engine.ts';
import { readBackups } from '../executions/progress.ts';
import type { StepsResult } from '../executions/steps.ts';
import { changeMigration } from '../migration-store.ts';
import type { Plan, TableRef } from '../plan/schemas.ts';
import type { BackupRecord, MigrationRecord } from '../records.ts';
import { backUpRows, type KeptRowsOf } from '../rows/back-up.ts';

// to_backup: the rows that were backed up before the change come back after the schema did. They are staged in the
// database first, so that a backup which cannot be read is found while everything still stands.

async function backupsBefore({ id, options }: MigrationRecord): Promise<BackupRecord[]> {
  if (!options.backUpRows) return [];
  return (await readBackups(id)).filter(({ purpose }) => purpose === 'before');
}

const tableOf = ({ schema }: MigrationRecord, { table }: BackupRecord): TableRef => ({
  schema,
  name: table,
  oid: null,
});

/** The rows of a part; throws BackupDamaged at their end when there are not as many as were stored. */
async function* whole(place: BackupPlace, part: BackupPart, signal: AbortSignal): AsyncGenerator<Buffer> {
  let rows = 0;
  for await (const chunk of openPart(place, part, signal)) {
    rows += linesIn(chunk);
    yield chunk;
  }
  if (rows !== part.rows) throw damaged(part, `it holds ${rows} rows instead of ${part.rows}`);
}

/** Puts the rows of the backups into the database, beside their tables. Throws BackupDamaged, NotFound, FenceLost. */
export async function loadOldRows(
  engine: Engine,
  record: MigrationRecord,
  fence: Fence,
  options: RunOptions,
): Promise<StepsResult> {
  for (const backup of await toRestore(record)) {
    const { manifest, staged, rows } = await openBackup(record, backup);
    for (const [at, part] of manifest.parts.entries()) {
      if (clock.now() >= options.until) return { status: 'running' };
      await engine.stageRows(staged, String(at), fence, options, () => rows(part, options.signal));
    }
  }
  return { status: 'done' };
}

/** Where the rows of a backup belong, and how each of its parts is read. Throws NotFound. */
export async function openBackup(
  record: MigrationRecord,
  backup: BackupRecord,
): Promise<{
  manifest: BackupManifest;
  staged: StagedRows;
  rows: (part: BackupPart, signal: AbortSignal) => AsyncGenerator<Buffer>;
}> {
  const place: BackupPlace = {
    bucket: artifactsBucket(),
    migration: record.id,
    backup: nameInBucket(record.id, backup),
  };
  const manifest = await readManifest(place);
  const columns = manifest.columns.map((name, at) => ({ name, type: manifest.types?.[at] ?? 'text' }));
  return {
    manifest,
    staged: { id: backup.backup, table: tableOf(record, backup), key: backup.key, columns },
    rows: (part, signal) => whole(place, part, signal),
  };
}

/** What is asked for, was not declined, and was not done by an earlier run. */
export async function toRestore(record: MigrationRecord): Promise<BackupRecord[]> {
  const { wayBack } = record;
  if (wayBack?.strategy !== 'to_backup' || wayBack.overwriting === 'declined') return [];
  const open = wayBack.restored.filter(({ overwritten }) => overwritten === null);
  return (await backupsBefore(record)).filter(({ location }) =>
    open.some(({ backup }) => backup === backupId(record.id, location)),
  );
}

/**
 * Writes the staged rows over their tables, backs up what was overwritten, and leaves nothing of it in the database.
 * Throws FenceLost, LockBudgetExceeded.
 */
export async function restoreOldRows(
  engine: Engine,
  record: MigrationRecord,
  plan: Plan,
  fence: Fence,
  options: RunOptions,
): Promise<StepsResult> {
  const counts = await overwrite(engine, record, fence, options);
  if (counts === 'running') return { status: 'running' };
  // Also what a way back that was given up for another had begun.
  const all = await backupsBefore(record);
  const aside: KeptRowsOf[] = [];
  for (const { backup, table: of, key, columns } of all) {
    const table = await engine.rowsAside(backup, fence);
    if (table !== null) aside.push({ id: `overwritten.${of}`, table, key, columns, where: 'true', of });
  }
  const kept = await backUpRows(engine, record, plan, 'overwritten', aside, options);
  if (kept.status === 'running') return kept;
  await tell(record.id, counts);
  for (const { backup } of all) await engine.dropStaged(backup, fence);
  return { status: 'done' };
}

async function overwrite(
  engine: Engine,
  record: MigrationRecord,
  fence: Fence,
  options: RunOptions,
): Promise<Map<string, RestoredCounts> | 'running'> {
  const backups = await toRestore(record);
  const counts = new Map<string, RestoredCounts>();
  // A row of one table may wait for a row of another that it points to: as long as rows come back, all are tried again.
  for (let left = Number.POSITIVE_INFINITY; backups.length > 0; ) {
    for (const backup of backups) {
      const { backup: id, key, columns } = backup;
      const found = await engine.restoreStaged(
        { id, table: tableOf(record, backup), key, columns },
        fence,
        options,
      );
      if (found.status === 'running') return 'running';
      counts.set(backup.table, found);
    }
    const refused = [...counts.values()].reduce((sum, found) => sum + found.refused, 0);
    if (refused === 0 || refused >= left) break;
    left = refused;
  }
  return counts;
}

async function tell(id: string, counts: Map<string, RestoredCounts>): Promise<void> {
  if (counts.size === 0) return;
  await changeMigration(id, ({ wayBack: way }) => {
    if (way === null) return undefined;
    const restored = way.restored.map((one) => {
      const found = counts.get(one.table);
      if (found === undefined) return one;
      const { status: _status, ...counted } = found;
      return { ...one, ...counted };
    });
    const events = [...counts].map(([table, { overwritten, broughtBack, refused }]) => ({
      type: 'way_back.rows_restored',
      actor: 'theseus',
      data: { table, overwritten, broughtBack, refused },
    }));
    return { set: { wayBack: { ...way, restored } }, events };
  });
}
