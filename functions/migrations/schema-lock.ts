import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { MigrationInProgress } from './errors.ts';
import { MigrationRecord } from './records.ts';
import type { MigrationStatus } from './schemas.ts';
import { deleteItem, isActive, keys, readItem, writeItem } from './store.ts';

const SchemaLock = z.object({ migration: z.string(), takenAt: z.number() });

/** Between taking the lock and showing it in the record a start may take this long, ms. */
const startingMs = 60_000;

type Lockable = Pick<MigrationRecord, 'id' | 'databaseId' | 'schema'>;

/**
 * One migration acts on a schema at a time. Taking the lock twice is taking it once; a holder that is over lets go
 * by itself. Throws MigrationInProgress naming the holder.
 */
export async function takeSchemaLock(record: Lockable): Promise<void> {
  const key = keys.schemaLock(record.databaseId, record.schema);
  const item = { migration: record.id, takenAt: clock.now() };
  const own = {
    expression: 'attribute_not_exists(pk) OR #migration = :id',
    names: { '#migration': 'migration' },
    values: { ':id': record.id },
  };
  if (await writeItem(key, item, own)) return;
  const held = await readItem(SchemaLock, key);
  if (held === undefined) return takeSchemaLock(record);
  const holder = await readItem(MigrationRecord, keys.migration(held.migration));
  if (holder === undefined || letsGo(holder, held.takenAt)) {
    const taken = await writeItem(key, item, {
      expression: '#migration = :holder AND takenAt = :takenAt',
      names: { '#migration': 'migration' },
      values: { ':holder': held.migration, ':takenAt': held.takenAt },
    });
    if (taken) return;
  }
  throw new MigrationInProgress(
    `Migration ${held.migration} (${holder?.name ?? 'starting'}, ${holder?.status ?? 'unknown'}) works on schema ${record.schema} of this database`,
    {
      evidence: { holder: held.migration, status: holder?.status, schema: record.schema },
      action: `Wait for it (theseus migration watch ${held.migration}) or roll it back first.`,
    },
  );
}

/** A failed rollback or undo left the schema between two states: nobody else may work there. */
function letsGo(holder: MigrationRecord, takenAt: number): boolean {
  if (isActive(holder.status)) return false;
  if (holder.status === 'failed') return holder.execution?.kind === 'removal';
  const mayBeStarting: MigrationStatus[] = ['planned', 'completed'];
  return !mayBeStarting.includes(holder.status) || takenAt < clock.now() - startingMs;
}

/** Lets go; a lock that another migration holds is left alone. */
export async function releaseSchemaLock(record: Lockable): Promise<void> {
  await deleteItem(keys.schemaLock(record.databaseId, record.schema), {
    expression: '#migration = :id',
    names: { '#migration': 'migration' },
    values: { ':id': record.id },
  });
}
