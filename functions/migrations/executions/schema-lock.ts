import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { MigrationInProgress } from '../errors.ts';
import { isActive } from '../migration-store.ts';
import { MigrationRecord } from '../records.ts';
import type { MigrationStatus } from '../schemas.ts';
import { deleteItem, keys, readItem, writeItem } from '../store.ts';

const SchemaLock = z.object({ migration: z.string(), takenAt: z.number() });

/** Between taking the lock and showing it in the record a start may take this long, ms. */
const startingMs = 60_000;

/** Looks at a lock that changes hands before the one who asks is told to wait. */
const mostLooks = 4;

type Lockable = Pick<MigrationRecord, 'id' | 'databaseId' | 'schema'> &
  Partial<Pick<MigrationRecord, 'blueGreen'>>;

/** The databases whose schema a migration works on: of a move both. */
const lockedDatabases = ({ databaseId, blueGreen }: Lockable): string[] =>
  blueGreen == null ? [databaseId] : [databaseId, blueGreen.target.id];

/**
 * One migration acts on a schema at a time. Taking the lock twice is taking it once; a holder that is over lets go
 * by itself. Throws MigrationInProgress naming the holder.
 */
export async function takeSchemaLock(record: Lockable): Promise<void> {
  for (const databaseId of lockedDatabases(record)) await takeLockOf(record, databaseId);
}

async function takeLockOf(record: Lockable, databaseId: string): Promise<void> {
  const key = keys.schemaLock(databaseId, record.schema);
  const item = { migration: record.id, takenAt: clock.now() };
  const own = {
    expression: 'attribute_not_exists(pk) OR #migration = :id',
    names: { '#migration': 'migration' },
    values: { ':id': record.id },
  };
  for (let attempt = 1; ; attempt += 1) {
    if (await writeItem(key, item, own)) return;
    const held = await readItem(SchemaLock, key);
    // It was let go, or taken by another, while we looked.
    if (held === undefined && attempt < mostLooks) continue;
    const holder = held && (await readItem(MigrationRecord, keys.migration(held.migration)));
    if (held !== undefined && (holder === undefined || letsGo(holder, held.takenAt)) && attempt < mostLooks) {
      const taken = await writeItem(key, item, {
        expression: '#migration = :holder AND takenAt = :takenAt',
        names: { '#migration': 'migration' },
        values: { ':holder': held.migration, ':takenAt': held.takenAt },
      });
      if (taken) return;
      continue;
    }
    throw inProgress(record.schema, held?.migration ?? 'another', holder);
  }
}

/** The migration that holds the lock of a schema now, if it acts or was left half-way. */
export async function lockHolder({
  databaseId,
  schema,
}: Pick<Lockable, 'databaseId' | 'schema'>): Promise<MigrationRecord | undefined> {
  const held = await readItem(SchemaLock, keys.schemaLock(databaseId, schema));
  const holder = held && (await readItem(MigrationRecord, keys.migration(held.migration)));
  return holder && (isActive(holder.status) || holder.status === 'failed') ? holder : undefined;
}

function inProgress(schema: string, id: string, holder: MigrationRecord | undefined): MigrationInProgress {
  return new MigrationInProgress(
    `Migration ${id} (${holder?.name ?? 'starting'}, ${holder?.status ?? 'unknown'}) works on schema ${schema} of this database`,
    {
      evidence: { holder: id, status: holder?.status, schema },
      action: `Wait for it (theseus migration watch ${id}) or roll it back first.`,
    },
  );
}

/** A failed rollback or undo left the schema between two states: nobody else may work there. */
function letsGo(holder: MigrationRecord, takenAt: number): boolean {
  if (isActive(holder.status)) return false;
  if (holder.status === 'failed') return holder.execution?.kind === 'removal';
  // Taken before it completed, the lock was that of the run which is over; taken after, an undo begins.
  if (holder.status === 'completed' && Date.parse(holder.completedAt ?? '') > takenAt) return true;
  const mayBeStarting: MigrationStatus[] = ['planned', 'completed'];
  return !mayBeStarting.includes(holder.status) || takenAt < clock.now() - startingMs;
}

/**
 * Lets go of the lock that the record held when it was last changed. One that another migration holds, or that the
 * same one took since for its undo, is left alone.
 */
export async function releaseSchemaLock(
  record: Lockable & Pick<MigrationRecord, 'updatedAt'>,
): Promise<void> {
  for (const databaseId of lockedDatabases(record)) {
    await deleteItem(keys.schemaLock(databaseId, record.schema), {
      expression: '#migration = :id AND takenAt <= :seen',
      names: { '#migration': 'migration' },
      values: { ':id': record.id, ':seen': Date.parse(record.updatedAt) },
    });
  }
}
