import { artifactsBucket } from '#platform/artifacts.ts';
import { clock } from '#platform/clock.ts';
import { Conflict, InvalidInput, NotFound } from '#platform/errors.ts';
import { withTarget } from '../databases/target.ts';
import type { ChosenRows, RunOptions } from '../engines/engine.ts';
import { BackupDamaged } from '../errors.ts';
import { changeMigration } from '../migration-store.ts';
import { assertKept, changeBackup, type FoundBackup, findBackup, nameInBucket } from './catalogue.ts';
import { restoreRows, verifyRows } from './restore.ts';
import type { RestoredRows, RestoreRows, VerifiedBackup } from './schemas.ts';
import { readManifest } from './store.ts';

const placeOf = ({ migration, backup }: FoundBackup) => ({
  bucket: artifactsBucket(),
  migration: migration.id,
  backup: nameInBucket(migration.id, backup),
});

/**
 * Makes a table of a backup's columns and fills it. Nothing that stands is touched, so it may be done at any time, also
 * beside another migration. Throws NotFound, Conflict, InvalidInput, TableExists, SchemaNotFound, BackupDamaged.
 */
export async function restoreBackup(
  id: string,
  actor: string,
  asked: RestoreRows,
  options: RunOptions,
): Promise<RestoredRows> {
  const found = await findBackup(id);
  assertKept(found);
  const chosen = chosenOf(found, asked);
  const { migration } = found;
  const place = placeOf(found);
  const manifest = await readManifest(place);
  // Without types every value still has its text.
  const columns = manifest.columns.map((name, at) => ({ name, type: manifest.types?.[at] ?? 'text' }));
  const { table, schema = migration.schema } = asked;
  const rows = await withTarget(migration, 'restore', (engine) =>
    engine.restoreTable({ schema, name: table }, columns, chosen, options, (append) =>
      restoreRows(place, manifest, append, options.signal),
    ),
  );
  await changeMigration(migration.id, () => ({
    set: {},
    events: [{ type: 'backup.restored', actor, data: { backup: id, schema, table, rows } }],
  }));
  return { schema, table, columns: manifest.columns, rows };
}

function chosenOf({ id, backup }: FoundBackup, { keys, from, to }: RestoreRows): ChosenRows | null {
  if (keys === undefined && from === undefined && to === undefined) return null;
  const { key } = backup;
  if (key.length === 0) {
    throw new Conflict(`The rows of backup ${id} have no key to choose them by`, {
      evidence: { columns: backup.columns },
      action: 'Restore the whole backup and copy from its table what you need.',
    });
  }
  const names = key.map(({ column }) => column);
  const problems = [
    ...(keys ?? []).map((values, at) => ({ values, pointer: `/body/keys/${at}` })),
    ...(from === undefined ? [] : [{ values: from, pointer: '/body/from' }]),
    ...(to === undefined ? [] : [{ values: to, pointer: '/body/to' }]),
  ].flatMap(({ values, pointer }) =>
    values.length === names.length
      ? []
      : [{ pointer, detail: `Expected a value for each of: ${names.join(', ')}; found ${values.length}` }],
  );
  if (problems.length > 0) {
    throw new InvalidInput('A key has another number of values than the key of the table', {
      problems,
      action: `Give a value for each of: ${names.join(', ')}.`,
    });
  }
  return { key, keys, from, to };
}

/**
 * Reads every row of a backup and compares counts and checksums; what was found stays with the backup. Throws NotFound,
 * Conflict, BackupDamaged.
 */
export async function verifyBackup(id: string, actor: string, options: RunOptions): Promise<VerifiedBackup> {
  const found = await findBackup(id);
  assertKept(found);
  const place = placeOf(found);
  let seen: VerifiedBackup | BackupDamaged;
  try {
    seen = await verifyRows(place, await readManifest(place), options.signal);
  } catch (error) {
    if (error instanceof NotFound) seen = withoutManifest(found, error);
    else if (error instanceof BackupDamaged) seen = error;
    else throw error;
  }
  const damage = seen instanceof BackupDamaged ? seen.message : null;
  await changeBackup(id, () => ({ verified: { at: clock.iso(), damage } }));
  const type = damage === null ? 'backup.verified' : 'backup.damaged';
  const data = { backup: id, ...(seen instanceof BackupDamaged ? { damage: seen.message } : seen) };
  await changeMigration(found.migration.id, () => ({ set: {}, events: [{ type, actor, data }] }));
  if (seen instanceof BackupDamaged) throw seen;
  return seen;
}

const withoutManifest = ({ id, backup }: FoundBackup, cause: NotFound): BackupDamaged =>
  new BackupDamaged(`The backup ${id} cannot be restored: its manifest is gone.`, {
    evidence: { location: backup.location },
    action: 'Restore an earlier version of the object if the bucket keeps versions.',
    cause,
  });
