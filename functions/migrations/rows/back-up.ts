import { artifactsBucket } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import { keepBackup } from '../backups/catalogue.ts';
import { type BackupPlace, backupFolder, storePart, writeManifest } from '../backups/store.ts';
import type { Engine, KeyRange, RunOptions } from '../engines/engine.ts';
import { decideRanges, readRangePlan } from '../executions/progress.ts';
import type { StepsResult } from '../executions/steps.ts';
import type { Plan, RowBackup } from '../plan/schemas.ts';
import { tablesBefore } from '../plan/strategies.ts';
import { BackupPartRecord, BackupRecord, type MigrationRecord, type RangePlan } from '../records.ts';
import { keys, readItem, writeItem } from '../store.ts';
import { rangesFor } from './split.ts';

type Purpose = BackupRecord['purpose'];

/** Each attempt copies anew: rows were written since the one before. */
const runOf = (record: MigrationRecord, purpose: Purpose): string =>
  `${purpose}-${record.execution?.attempt ?? 1}`;

/** A part of a backup is read back as one file: rows of about this many. */
const rowsPerPart = 250_000;
const wholeTable: KeyRange[] = [{ from: null, to: null }];

/** Rows to copy; `of`: the table that they are of, where they lie in another. */
export interface KeptRowsOf extends RowBackup {
  of?: string;
}

/** Copies rows part by part until all these backups are whole; `running` when the invocation ends before. */
export async function backUpRows(
  engine: Engine,
  record: MigrationRecord,
  plan: Plan,
  purpose: Purpose,
  backups: KeptRowsOf[],
  options: RunOptions,
): Promise<StepsResult> {
  if (backups.length === 0) return { status: 'done' };
  const ranges = await partsOf(engine, record, plan, purpose, backups);
  const run = runOf(record, purpose);
  for (const backup of backups) {
    const key = keys.backup(record.id, run, backup.id);
    if (await readItem(BackupRecord, key)) continue;
    const place = { bucket: artifactsBucket(), migration: record.id, backup: `${run}-${backup.id}` };
    const parts: BackupPartRecord[] = [];
    for (const bounds of ranges.filter(({ work }) => work === backup.id)) {
      if (clock.now() >= options.until) return { status: 'running' };
      parts.push(await storedPart(engine, record.id, run, backup, place, bounds, options));
    }
    await writeManifest(place, {
      table: backup.table,
      columns: backup.columns,
      types: await engine.columnTypes(backup.table, backup.columns),
      parts: parts.map(({ key: object, rows, bytes, sha256 }) => ({ key: object, rows, bytes, sha256 })),
    });
    await keepBackup(record, run, {
      purpose,
      backup: backup.id,
      table: backup.of ?? backup.table.name,
      columns: backup.columns,
      key: backup.key,
      location: backupFolder(place),
      rows: parts.reduce((sum, { rows }) => sum + rows, 0),
      bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
      parts: parts.length,
    });
  }
  return { status: 'done' };
}

/** Every row of the tables in change, as they are before anything is. */
export async function rowsBefore(engine: Engine, plan: Plan): Promise<KeptRowsOf[]> {
  const { tables } = await engine.snapshot(plan.schema);
  return tablesBefore(plan).flatMap(({ table }) => {
    const found = tables.find(({ oid }) => oid === table.oid);
    if (found === undefined) return [];
    const key = found.key.map((column) => ({
      column,
      type: found.columns.find(({ physical }) => physical === column)?.type ?? 'text',
    }));
    // What is computed from others comes back with them.
    const own = found.columns.flatMap(({ physical, generated }) => (generated ? [] : [physical]));
    const columns = [...own, ...(found.hiddenColumns ?? [])];
    return [{ id: `before.${table.name}`, table, key, columns, where: 'true' }];
  });
}

/** How the tables are cut into parts, decided once so that parts of two runs fit together. */
async function partsOf(
  engine: Engine,
  record: MigrationRecord,
  plan: Plan,
  purpose: Purpose,
  backups: RowBackup[],
): Promise<RangePlan['ranges']> {
  const stage = `back-up-${purpose}` as const;
  const pass = record.execution?.attempt ?? 1;
  const decided = await readRangePlan(record.id, stage, pass);
  if (decided !== undefined) return decided.ranges;
  const ranges: RangePlan['ranges'] = [];
  for (const { id, table, key } of backups) {
    const known = plan.tables.find((entry) => entry.table.name === table.name);
    const rows = known?.estimatedRows ?? 0;
    const parts = Math.max(1, Math.ceil(rows / rowsPerPart));
    const split =
      key.length === 0
        ? wholeTable
        : await engine.splitRanges(
            table,
            key,
            rangesFor(rows, { ranges: parts, concurrency: 1 }, backups.length),
          );
    split.forEach(({ from, to }, range) => {
      // Open at both ends: rows that came after the split belong to the backup too.
      ranges.push({
        work: id,
        range,
        table: table.name,
        from: range === 0 ? null : from,
        to: range === split.length - 1 ? null : to,
        estimatedRows: Math.ceil(rows / split.length),
      });
    });
  }
  return (await decideRanges(record.id, { stage, pass, ranges })).ranges;
}

async function storedPart(
  engine: Engine,
  migration: string,
  run: string,
  backup: RowBackup,
  place: BackupPlace,
  bounds: RangePlan['ranges'][number],
  options: RunOptions,
): Promise<BackupPartRecord> {
  const key = keys.backupPart(migration, run, backup.id, bounds.range);
  const known = await readItem(BackupPartRecord, key);
  if (known !== undefined) return known;
  const rows = await engine.exportRows(backup, { from: bounds.from, to: bounds.to }, options);
  const part = await storePart(place, String(bounds.range), rows, options.signal);
  const stored: BackupPartRecord = { part: bounds.range, ...part };
  await writeItem(key, stored);
  return stored;
}
