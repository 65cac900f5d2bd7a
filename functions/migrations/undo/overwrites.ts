import { clock } from '#platform/clock.ts';
import { random } from '#platform/random.ts';
import { backupId } from '../backups/catalogue.ts';
import type { ChangedRows, Engine, RunOptions } from '../engines/engine.ts';
import type { MigrationRecord } from '../records.ts';
import type { WayBack } from '../schemas.ts';
import { openBackup, toRestore } from './old-rows.ts';

// What to_backup would do to the rows of now, told before anybody agrees to it.

/** A table is compared for so long; what was not seen by then is estimated from what was. ms. */
const compareMs = 60_000;

export type Expected = NonNullable<WayBack['restored'][number]['expected']>;

/** Scales what was found in `seen` rows of a backup to all of them. `seen` is above 0 unless `all` is 0. */
export function expectedOf(found: ChangedRows, seen: number, all: number): Expected {
  if (seen >= all) return { ...found, basis: 'counted' };
  const scaled = (rows: number) => Math.round((rows / seen) * all);
  return {
    overwritten: scaled(found.overwritten),
    broughtBack: scaled(found.broughtBack),
    basis: 'estimated',
  };
}

/**
 * Compares the backups with their tables as they stand: all of their parts, or as many of them, in any order, as the
 * time allows. By the id of the backup. Throws BackupDamaged, NotFound.
 */
export async function countOverwrites(
  engine: Engine,
  record: MigrationRecord,
  options: RunOptions,
): Promise<Map<string, Expected>> {
  const counted = new Map<string, Expected>();
  for (const backup of await toRestore(record)) {
    const { manifest, staged, rows } = await openBackup(record, backup);
    const until = Math.min(options.until, clock.now() + compareMs);
    const found: ChangedRows = { overwritten: 0, broughtBack: 0 };
    let seen = 0;
    const shuffled = manifest.parts.map((part) => ({ part, at: random() })).toSorted((a, b) => a.at - b.at);
    for (const { part } of shuffled) {
      if (seen > 0 && clock.now() >= until) break;
      const changed = await engine.countChanged(staged, options, () => rows(part, options.signal));
      found.overwritten += changed.overwritten;
      found.broughtBack += changed.broughtBack;
      seen += part.rows;
    }
    counted.set(backupId(record.id, backup.location), expectedOf(found, seen, manifest.rows));
  }
  return counted;
}
