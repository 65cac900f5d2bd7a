import { Conflict } from '#platform/errors.ts';
import { readMigrations } from '../migration-store.ts';
import type { MigrationRecord } from '../records.ts';
import { type KnownMigration, pathBetween, type SchemaPath } from '../registry/path.ts';
import { readVersion, type SchemaPlace, type VersionRecord } from './schema-versions.ts';

/** Versions looked through for one path; each migration brings up to three. */
const mostVersions = 300;
const readAtOnce = 20;

function knownOf(record: MigrationRecord): KnownMigration {
  const { id, name, fileName, plan, status, removal } = record;
  const standsForGood =
    removal.begun || status === 'removed' || status === 'removing'
      ? 'its old form was removed'
      : status === 'completed'
        ? null
        : `it is ${status}`;
  return { migration: id, name, fileName, undo: plan?.undo ?? 'none', standsForGood };
}

/** The migrations that lead from one version of a schema to another. Throws NotFound, Conflict with the reason. */
export async function findPath(place: SchemaPlace, from: number, to: number): Promise<SchemaPath> {
  const first = Math.min(from, to);
  const count = Math.abs(from - to) + 1;
  if (count > mostVersions) {
    throw new Conflict(`Versions ${from} and ${to} are too far apart: ${count} versions`, {
      evidence: { from, to, most: mostVersions },
      action: `Ask for paths of at most ${mostVersions} versions.`,
    });
  }
  const versions: VersionRecord[] = [];
  for (let at = first; at < first + count; at += readAtOnce) {
    const numbers = Array.from({ length: Math.min(readAtOnce, first + count - at) }, (_, one) => at + one);
    versions.push(...(await Promise.all(numbers.map((number) => readVersion(place, number)))));
  }
  const ids = [
    ...new Set(versions.flatMap(({ source }) => (source.kind === 'migration' ? [source.migration] : []))),
  ];
  const records: MigrationRecord[] = [];
  for (let at = 0; at < ids.length; at += 100)
    records.push(...(await readMigrations(ids.slice(at, at + 100))));
  const found = pathBetween(
    versions,
    from,
    to,
    new Map(records.map((record) => [record.id, knownOf(record)])),
  );
  if ('path' in found) return found.path;
  throw new Conflict(found.reason, {
    evidence: { from, to, version: found.version },
    action: `See what differs: GET /databases/${place.databaseId}/schema-differences?from=${from}&to=${to}`,
  });
}
