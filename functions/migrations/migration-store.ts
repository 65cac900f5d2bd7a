import { BatchGetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { dynamodb } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { NotFound, RecordContended } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent, type Place, parseItem, type WorkPage } from '#platform/records.ts';
import { type NewEvent, nextEvents } from '#platform/workflow-record.ts';
import { type Postponed, remembered } from './executions/memory.ts';
import { MigrationRecord } from './records.ts';
import type { MigrationStatus } from './schemas.ts';
import { deleteItem, keys, readItem, readOpen, table, writeItem } from './store.ts';

const active = new Set<MigrationStatus>([
  'planning',
  'scheduled',
  'running',
  'waiting_for_approval',
  'paused',
  'soaking',
  'rolling_back',
  'undoing',
  'waiting_for_decision',
  'removing',
]);
/** Whether something acts for the migration now, or waits to. */
export const isActive = (status: MigrationStatus): boolean => active.has(status);

/** The sparse index of what the sweepers look at: what is active, to publish, to end or to repeat. */
export const workIndex = 'gsi1';
function workKey(record: MigrationRecord): Record<string, string> {
  const open =
    isActive(record.status) ||
    record.outbox.length > 0 ||
    record.alerts.length > 0 ||
    record.spans.retryUntil !== null ||
    record.removal.retryAt !== null;
  return open ? { gsi1pk: 'WORK', gsi1sk: `${record.createdAt}#${record.id}` } : {};
}

/** Where the sweepers find a fleet that goes on; a fleet that is over is not there. */
export const fleetWorkKey = ({
  id,
  createdAt,
}: {
  id: string;
  createdAt: string;
}): Record<string, string> => ({
  gsi1pk: 'FLEET_WORK',
  gsi1sk: `${createdAt}#${id}`,
});

/** Ids of what is active or has something unpublished, migrations or fleets; one page of at most 100. */
export const readWork = (from?: Place, kind: 'WORK' | 'FLEET_WORK' = 'WORK'): Promise<WorkPage> =>
  readOpen(kind, from);

/** Ids of backups whose time is over, the oldest first; at most 100. */
export async function readBackupsToDelete(now: string): Promise<string[]> {
  const found = await dynamodb().send(
    new QueryCommand({
      TableName: table(),
      IndexName: workIndex,
      KeyConditionExpression: 'gsi1pk = :backups AND gsi1sk < :now',
      ExpressionAttributeValues: { ':backups': keys.backupsToDelete, ':now': now },
      Limit: 100,
    }),
  );
  return (found.Items ?? []).map((item) => String(item.gsi1sk).split('#').at(-1) ?? '');
}

/** The migration of this id as it is now, or undefined. */
export async function findMigration(id: string): Promise<MigrationRecord | undefined> {
  // Reading must not need the right to write: what is to be written brings the way.
  await remembered()?.postponed.get(id)?.keep();
  const record = await readItem(MigrationRecord, keys.migration(id));
  if (record !== undefined) remembered()?.migrations.set(id, record);
  return record;
}

/**
 * As it was read or written last, where that is remembered: for what does not change any more, and for what a conditional
 * write is going to prove. Throws NotFound.
 */
export async function knownMigration(id: string): Promise<MigrationRecord> {
  return remembered()?.migrations.get(id) ?? (await readMigration(id));
}

/** Throws NotFound when no migration has this id. */
export async function readMigration(id: string): Promise<MigrationRecord> {
  const record = await findMigration(id);
  if (record === undefined) {
    throw new NotFound(`There is no migration ${id}`, {
      evidence: { id },
      action: 'List them with `theseus migration list`.',
    });
  }
  return record;
}

/** The migrations of these ids (at most 100), in the same order; what is gone is left out. */
export async function readMigrations(ids: string[]): Promise<MigrationRecord[]> {
  if (ids.length === 0) return [];
  const records = new Map<string, MigrationRecord>();
  let wanted: Record<string, unknown>[] = ids.map((id) => ({ ...keys.migration(id) }));
  for (let attempt = 0; wanted.length > 0 && attempt < 10; attempt += 1) {
    const found = await dynamodb().send(
      new BatchGetCommand({ RequestItems: { [table()]: { Keys: wanted, ConsistentRead: true } } }),
    );
    for (const item of Object.values(found.Responses ?? {}).flat()) {
      const record = parseItem(MigrationRecord, item);
      records.set(record.id, record);
    }
    wanted = Object.values(found.UnprocessedKeys ?? {}).flatMap((unread) => unread.Keys ?? []);
    if (wanted.length > 0) await clock.sleep(jitteredBackoff(attempt, 50, 2_000));
  }
  return ids.flatMap((id) => records.get(id) ?? []);
}

/** In whose lists a migration is: of a move both databases'. */
const databasesOf = ({ databaseId, blueGreen }: MigrationRecord): string[] =>
  blueGreen === null ? [databaseId] : [databaseId, blueGreen.target.id];

/** Stores a new migration, entered in its lists first. False when it is there already. */
export async function createMigration(record: MigrationRecord): Promise<boolean> {
  const { id, createdAt } = record;
  await writeItem(keys.migrationEntry(createdAt, id), { id });
  for (const database of databasesOf(record)) {
    await writeItem(keys.databaseMigration(database, createdAt, id), { id, schema: record.schema });
  }
  const created = await writeItem(keys.migration(id), { ...record, ...workKey(record) }, absent);
  if (created) remembered()?.migrations.set(id, record);
  return created;
}

/** Takes back a migration that was only planned: record and list entries. */
export async function forgetMigration(record: MigrationRecord): Promise<void> {
  await deleteItem(keys.migration(record.id));
  for (const database of databasesOf(record)) {
    await deleteItem(keys.databaseMigration(database, record.createdAt, record.id));
  }
  await deleteItem(keys.migrationEntry(record.createdAt, record.id));
}

/** What a decision changes; events are stored in the same write. */
export interface Change {
  set: Partial<Omit<MigrationRecord, 'id' | 'version' | 'outbox' | 'nextSequence' | 'updatedAt'>>;
  events?: NewEvent[];
  /** Events up to this sequence number were published: the record lets them go. */
  publishedThrough?: number;
  /** Only what sweepers remember for themselves: the migration counts as unchanged. */
  bookkeeping?: boolean;
  /**
   * It may wait for the next write where many targets are carried through one after the other: nothing is done between,
   * and a run that was cut off finds the same out again.
   */
  postponable?: boolean;
}

/** What a change comes to, for the record as it is by then; undefined: nothing. */
export type Decision = (record: MigrationRecord) => Change | undefined;

const contentionAttempts = 12;

/**
 * Reads, decides, writes on the condition that nobody wrote between; decides anew when somebody did.
 * `decide` returns undefined to change nothing and throws to refuse. Returns the record as it is then.
 */
export async function changeMigration(id: string, decide: Decision): Promise<MigrationRecord> {
  for (let attempt = 0; attempt < contentionAttempts; attempt += 1) {
    const record =
      (attempt === 0 ? remembered()?.migrations.get(id) : undefined) ?? (await readMigration(id));
    const change = decide(record);
    if (change === undefined) return record;
    const memory = remembered();
    const waiting = memory?.postponed.get(id);
    const changed = applyChange(record, change);
    if (memory !== undefined && change.postponable) {
      memory.postponed.set(id, postponed(id, decide, waiting, record.version));
      memory.migrations.set(id, changed);
      return changed;
    }
    memory?.postponed.delete(id);
    if (await replaceMigration(changed, waiting?.version ?? record.version)) {
      memory?.migrations.set(id, changed);
      return changed;
    }
    memory?.migrations.delete(id);
    await waiting?.decideAnew();
    await clock.sleep(jitteredBackoff(attempt, 20, 1_000));
  }
  throw new RecordContended(`Migration ${id} was written by others ${contentionAttempts} times in a row`, {
    evidence: { id },
    action: 'Repeat the request.',
  });
}

/** Writes a record whole; false when it is not at this version any more. */
const replaceMigration = (record: MigrationRecord, version: number): Promise<boolean> =>
  writeItem(
    keys.migration(record.id),
    { ...record, ...workKey(record) },
    {
      expression: '#version = :version',
      names: { '#version': 'version' },
      values: { ':version': version },
    },
  );

/** A change that is written with the next one, after those that wait already; `version` is stored. */
function postponed(id: string, decide: Decision, before: Postponed | undefined, version: number): Postponed {
  const own: Postponed = {
    version: before?.version ?? version,
    decideAnew: async () => {
      await before?.decideAnew();
      await changeMigration(id, (record) => {
        const change = decide(record);
        return change && { ...change, postponable: false };
      });
    },
    keep: async () => {
      const memory = remembered();
      const record = memory?.migrations.get(id);
      memory?.postponed.delete(id);
      if (record !== undefined && (await replaceMigration(record, own.version))) return;
      memory?.migrations.delete(id);
      await own.decideAnew();
    },
  };
  return own;
}

/** The record after a change. */
export function applyChange(record: MigrationRecord, change: Change): MigrationRecord {
  const { set, bookkeeping = change.publishedThrough !== undefined } = change;
  return {
    ...record,
    ...set,
    version: record.version + 1,
    updatedAt: bookkeeping ? record.updatedAt : clock.iso(),
    ...nextEvents(record, change),
  };
}
