import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { NotFound, RecordContended } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent, type ItemPage, type Place } from '#platform/records.ts';
import { artifactKeys, readJson, writeJson } from '../artifacts.ts';
import { type SchemaVersion, VersionSource } from '../registry/schemas.ts';
import { SchemaShape, shapeHash } from '../registry/shape.ts';
import { MigrationEvent } from '../schemas.ts';
import { keys, readItem, readPage, writeItem } from '../store.ts';

/** A schema of a database. */
export interface SchemaPlace {
  databaseId: string;
  schema: string;
}

const VersionRecord = z.object({
  number: z.int(),
  hash: z.string(),
  source: VersionSource,
  at: z.string(),
  by: z.string(),
  objects: z.int(),
});
export type VersionRecord = z.infer<typeof VersionRecord>;

/** What is known of a schema now: its last version, what differs from it, events to publish. */
const SchemaHead = z.object({
  version: z.int(),
  number: z.int(),
  hash: z.string(),
  checkedAt: z.string(),
  /** The report of the differences is in the bucket. */
  drift: z.object({ since: z.string(), hash: z.string(), reportKey: z.string() }).nullable(),
  outbox: z.array(MigrationEvent),
  nextSequence: z.int(),
});
export type SchemaHead = z.infer<typeof SchemaHead>;

const attempts = 8;

export const readHead = (place: SchemaPlace): Promise<SchemaHead | undefined> =>
  readItem(SchemaHead, keys.schemaHead(place.databaseId, place.schema));

/** Reads, decides, writes on the condition that nobody wrote between, as changeMigration does. */
export async function changeHead(
  place: SchemaPlace,
  decide: (head: SchemaHead | undefined) => Promise<Omit<SchemaHead, 'version'> | undefined>,
): Promise<SchemaHead | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const head = await readHead(place);
    const next = await decide(head);
    if (next === undefined) return head;
    const changed = { ...next, version: (head?.version ?? 0) + 1 };
    const condition = head
      ? {
          expression: '#version = :version',
          names: { '#version': 'version' },
          values: { ':version': head.version },
        }
      : absent;
    if (await writeItem(keys.schemaHead(place.databaseId, place.schema), changed, condition)) return changed;
    await clock.sleep(jitteredBackoff(attempt, 20, 1_000));
  }
  throw new RecordContended(`The versions of schema ${place.schema} were written by others meanwhile`, {
    evidence: { database: place.databaseId, schema: place.schema },
    action: 'Repeat the request.',
  });
}

const sameSource = (a: VersionSource, b: VersionSource) =>
  a.kind === 'migration' && b.kind === 'migration'
    ? a.migration === b.migration && a.outcome === b.outcome
    : a.kind === b.kind;

/**
 * Keeps a shape as the next version. Nothing is added when the last version has this shape, unless
 * a migration brought it; a run that was cut off is finished by the next.
 */
export async function appendVersion(
  place: SchemaPlace,
  shape: SchemaShape,
  source: VersionSource,
  by: string,
): Promise<SchemaHead> {
  const hash = shapeHash(shape);
  await writeJson(artifactKeys.schemaShape(place.databaseId, place.schema, hash), shape);
  const brought = source.kind === 'migration' && ['completed', 'undone'].includes(source.outcome);
  // What others changed is not made good by a migration.
  const kept = (found: SchemaHead | undefined) =>
    source.kind === 'migration' ? (found?.drift ?? null) : null;
  const head = await changeHead(place, async (found) => {
    const last = found && (await readVersion(place, found.number));
    if (found && last && last.hash === hash && (!brought || sameSource(last.source, source)))
      return { ...found, drift: kept(found), checkedAt: clock.iso() };
    const number = (found?.number ?? 0) + 1;
    const record: VersionRecord = {
      number,
      hash,
      source,
      at: clock.iso(),
      by,
      objects: shape.objects.length,
    };
    const key = keys.schemaVersion(place.databaseId, place.schema, number);
    const written = await writeItem(key, record, absent);
    // Somebody wrote this number and was cut off: the head follows, and the next look decides anew.
    const standing = written ? record : ((await readItem(VersionRecord, key)) ?? record);
    return {
      number,
      hash: standing.hash,
      checkedAt: standing.at,
      drift: kept(found),
      outbox: found?.outbox ?? [],
      nextSequence: found?.nextSequence ?? 0,
    };
  });
  if (head === undefined || head.hash !== hash) return appendVersion(place, shape, source, by);
  return head;
}

/** Throws NotFound. */
export async function readVersion(place: SchemaPlace, number: number): Promise<VersionRecord> {
  const record = await readItem(VersionRecord, keys.schemaVersion(place.databaseId, place.schema, number));
  if (record !== undefined) return record;
  throw new NotFound(`Schema ${place.schema} has no version ${number}`, {
    evidence: { database: place.databaseId, schema: place.schema, number },
    action: 'List them with `theseus database versions`.',
  });
}

/** Throws NotFound, RecordUnreadable. */
export const readShapeOf = (place: SchemaPlace, { hash }: { hash: string }): Promise<SchemaShape> =>
  readJson(SchemaShape, artifactKeys.schemaShape(place.databaseId, place.schema, hash));

/** Versions newest first. */
export const listVersions = (
  place: SchemaPlace,
  limit: number,
  from: Place | undefined,
): Promise<ItemPage<VersionRecord>> =>
  readPage(VersionRecord, {
    pk: keys.schemaHead(place.databaseId, place.schema).pk,
    prefix: 'VERSION#',
    newestFirst: true,
    limit,
    from,
  });

export const versionView = (place: SchemaPlace, record: VersionRecord): SchemaVersion => ({
  schema: place.schema,
  ...record,
});
