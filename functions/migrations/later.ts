import { z } from 'zod';
import { LaterMigrationStands } from './errors.ts';
import type { MigrationRecord } from './records.ts';
import type { MigrationStatus } from './schemas.ts';
import { isActive, keys, type Place, readMigrations, readPage } from './store.ts';

const Entry = z.object({ id: z.string() });
/** Migrations of one database looked through at most; the newest come first. */
const mostPages = 20;

const standing = new Set<MigrationStatus>(['completed', 'removing', 'removed', 'failed']);

/** Migrations of the same schema that changed it after this one did, or do so now; newest first. */
export async function laterMigrations(record: MigrationRecord): Promise<MigrationRecord[]> {
  const pk = keys.databaseMigration(record.databaseId, '', '').pk;
  const since = record.completedAt ?? record.createdAt;
  const later: MigrationRecord[] = [];
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const found = await readPage(Entry, { pk, prefix: 'MIGRATION#', limit: 100, newestFirst: true, from });
    const others = await readMigrations(found.items.map(({ id }) => id).filter((id) => id !== record.id));
    later.push(
      ...others.filter(
        (other) =>
          other.schema === record.schema &&
          ((isActive(other.status) && other.status !== 'planning') || standing.has(other.status)) &&
          (other.completedAt ?? other.updatedAt) > since,
      ),
    );
    from = found.next;
    if (from === undefined) break;
  }
  return later;
}

/** Undo goes last in, first out. Throws LaterMigrationStands naming the later one. */
export async function refuseWhenLaterStands(record: MigrationRecord): Promise<void> {
  const [latest] = await laterMigrations(record);
  if (latest === undefined) return;
  throw new LaterMigrationStands(
    `Migration ${latest.id} (${latest.name}, ${latest.status}) came after ${record.name} and stands on it`,
    {
      evidence: { later: latest.id, name: latest.name, status: latest.status },
      action:
        latest.status === 'removed' || latest.status === 'removing'
          ? 'What the later one removed cannot come back: write a new migration instead.'
          : `Undo the later one first: theseus migration undo ${latest.id}`,
    },
  );
}
