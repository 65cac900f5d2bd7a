import { z } from 'zod';
import type { ItemPage, Place } from '#platform/records.ts';
import { LaterMigrationStands } from './errors.ts';
import { isActive, readMigrations } from './migration-store.ts';
import type { MigrationRecord } from './records.ts';
import type { MigrationStatus } from './schemas.ts';
import { keys, readAll, readPage } from './store.ts';

/** Entries of a database name the schema; those of earlier versions do not. */
const Entry = z.object({ id: z.string(), schema: z.string().optional() });
/** Entries looked through for one question; a list goes on with its cursor. */
const mostPages = 20;

interface Filter {
  database?: string | undefined;
  status?: MigrationStatus | undefined;
  limit: number;
}

/** Migrations newest first: all, or those of one database (id), or of one status. */
export async function listMigrations(filter: Filter, start?: Place): Promise<ItemPage<MigrationRecord>> {
  const entries =
    filter.database === undefined
      ? { pk: keys.migrationEntry('', '').pk }
      : { pk: keys.databaseMigration(filter.database, '', '').pk, prefix: 'MIGRATION#' };
  const items: MigrationRecord[] = [];
  let from = start;
  for (let page = 0; page < mostPages && items.length < filter.limit; page += 1) {
    const limit = filter.limit - items.length;
    const found = await readPage(Entry, { ...entries, limit, newestFirst: true, from });
    const records = await readMigrations(found.items.map(({ id }) => id));
    items.push(...records.filter(({ status }) => filter.status === undefined || status === filter.status));
    from = found.next;
    if (from === undefined) break;
  }
  return { items, next: from };
}

async function allOf(database: string): Promise<MigrationRecord[]> {
  const records: MigrationRecord[] = [];
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const found = await listMigrations({ database, limit: 100 }, from);
    records.push(...found.items);
    from = found.next;
    if (from === undefined) break;
  }
  return records;
}

/** Of one schema, newest first: a fleet leaves thousands of others in the same database, which are not read. */
async function allIn(database: string, schema: string): Promise<MigrationRecord[]> {
  const { pk } = keys.databaseMigration(database, '', '');
  const entries = await readAll(Entry, pk, 'MIGRATION#');
  const ids = entries
    .filter((entry) => entry.schema === undefined || entry.schema === schema)
    .map(({ id }) => id)
    .toReversed();
  const records: MigrationRecord[] = [];
  for (let at = 0; at < ids.length; at += 100) {
    records.push(...(await readMigrations(ids.slice(at, at + 100))));
  }
  return records;
}

/** Migrations of a database that act, or could still be undone; a completed move to another database cannot. */
export async function unfinishedMigrations(database: string): Promise<MigrationRecord[]> {
  return (await allOf(database)).filter(
    ({ status, blueGreen }) => isActive(status) || (status === 'completed' && blueGreen === null),
  );
}

const standing = new Set<MigrationStatus>(['completed', 'removing', 'removed', 'failed']);

/** Migrations of the same schema that changed it after this one did, or do so now; newest first. */
export async function laterMigrations(record: MigrationRecord): Promise<MigrationRecord[]> {
  const since = record.completedAt ?? record.createdAt;
  return (await allIn(record.databaseId, record.schema)).filter(
    (other) =>
      other.id !== record.id &&
      other.schema === record.schema &&
      ((isActive(other.status) && other.status !== 'planning') || standing.has(other.status)) &&
      (other.completedAt ?? other.updatedAt) > since,
  );
}

/** Undo goes last in, first out. Throws LaterMigrationStands naming the later one. */
export async function refuseWhenLaterStands(record: MigrationRecord): Promise<void> {
  const [latest] = await laterMigrations(record);
  if (latest === undefined) return;
  const gone = latest.status === 'removed' || latest.status === 'removing';
  throw new LaterMigrationStands(
    `Migration ${latest.id} (${latest.name}, ${latest.status}) came after ${record.name} and stands on it`,
    {
      evidence: { later: latest.id, name: latest.name, status: latest.status },
      action: gone
        ? 'What the later one removed cannot come back: write a new migration instead.'
        : `Undo the later one first: theseus migration undo ${latest.id}`,
    },
  );
}
