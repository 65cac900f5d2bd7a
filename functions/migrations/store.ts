import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DeleteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { dynamodb } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { InvalidInput, NotFound } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { RecordContended, RecordUnreadable } from './errors.ts';
import { type Postponed, remembered } from './executions/memory.ts';
import { MigrationRecord } from './records.ts';
import type { MigrationEvent, MigrationStatus } from './schemas.ts';

/** Key of an item in the capability's one table. */
export interface ItemKey {
  pk: string;
  sk: string;
}

const padded = (sequence: number) => String(sequence).padStart(10, '0');

/** Every key of the table is built here. */
export const keys = {
  database: (id: string): ItemKey => ({ pk: `DATABASE#${id}`, sk: 'DATABASE' }),
  databaseName: (name: string): ItemKey => ({ pk: `DATABASE_NAME#${name}`, sk: 'DATABASE_NAME' }),
  databaseEntry: (name: string): ItemKey => ({ pk: 'DATABASES', sk: name }),
  connector: (id: string): ItemKey => ({ pk: `CONNECTOR#${id}`, sk: 'CONNECTOR' }),
  connectorName: (name: string): ItemKey => ({ pk: `CONNECTOR_NAME#${name}`, sk: 'CONNECTOR_NAME' }),
  connectorEntry: (name: string): ItemKey => ({ pk: 'CONNECTORS', sk: name }),
  permission: (id: string): ItemKey => ({ pk: `PERMISSION#${id}`, sk: 'PERMISSION' }),
  /** What counts now, read as a whole: permissions that were not revoked, and restricted databases. */
  permissionEntry: (id: string): ItemKey => ({ pk: 'PERMISSIONS', sk: `PERMISSION#${id}` }),
  restriction: (database: string): ItemKey => ({ pk: 'PERMISSIONS', sk: `RESTRICTION#${database}` }),
  migration: (id: string): ItemKey => ({ pk: `MIGRATION#${id}`, sk: 'MIGRATION' }),
  /** Lists, newest last: one of all migrations, one of each database. */
  migrationEntry: (createdAt: string, id: string): ItemKey => ({
    pk: 'MIGRATIONS',
    sk: `${createdAt}#${id}`,
  }),
  databaseMigration: (database: string, createdAt: string, id: string): ItemKey => ({
    pk: `DATABASE#${database}`,
    sk: `MIGRATION#${createdAt}#${id}`,
  }),
  /** Held by the one migration that runs on a schema. */
  schemaLock: (database: string, schema: string): ItemKey => ({
    pk: `LOCK#${database}#${schema}`,
    sk: 'LOCK',
  }),
  /** How quick finished migrations of this database were. */
  measuredPace: (database: string): ItemKey => ({ pk: `DATABASE#${database}`, sk: 'PACE' }),
  /** The migration whose login role a version has. */
  versionLogin: (database: string, version: string): ItemKey => ({
    pk: `DATABASE#${database}`,
    sk: `LOGIN#${version}`,
  }),
  /** What is known of a schema, and its versions, newest last. */
  schemaHead: (database: string, schema: string): ItemKey => ({
    pk: `SCHEMA#${database}#${schema}`,
    sk: 'HEAD',
  }),
  schemaVersion: (database: string, schema: string, number: number): ItemKey => ({
    pk: `SCHEMA#${database}#${schema}`,
    sk: `VERSION#${padded(number)}`,
  }),
  alertRule: (name: string): ItemKey => ({ pk: 'ALERT_RULES', sk: name }),
  /** The database at which the last look for drift ended. */
  driftCursor: (): ItemKey => ({ pk: 'DRIFT', sk: 'CURSOR' }),
  event: (id: string, sequence: number): ItemKey => ({
    pk: `MIGRATION#${id}`,
    sk: `EVENT#${padded(sequence)}`,
  }),
  step: (id: string, phase: string, step: string): ItemKey => ({
    pk: `MIGRATION#${id}`,
    sk: `STEP#${phase}#${step}`,
  }),
  rangePlan: (id: string, stage: string, pass: number): ItemKey => ({
    pk: `MIGRATION#${id}`,
    sk: `PLAN#${stage}#${pass}`,
  }),
  range: (id: string, stage: string, pass: number, work: string, range: number): ItemKey => ({
    pk: `MIGRATION#${id}`,
    sk: `RANGE#${stage}#${pass}#${work}#${range}`,
  }),
  failure: (id: string, at: string, failure: string): ItemKey => ({
    pk: `MIGRATION#${id}`,
    sk: `FAILURE#${at}#${failure}`,
  }),
  rehearsal: (id: string, rehearsal: string): ItemKey => ({
    pk: `MIGRATION#${id}`,
    sk: `REHEARSAL#${rehearsal}`,
  }),
  token: (id: string, waitsFor: string): ItemKey => ({ pk: `MIGRATION#${id}`, sk: `TOKEN#${waitsFor}` }),
  backup: (id: string, run: string, backup: string): ItemKey => ({
    pk: `MIGRATION#${id}`,
    sk: `BACKUP#${run}#${backup}`,
  }),
  /** Lists of backups, newest last: one of all, one of each database. */
  backupEntry: (at: string, id: string): ItemKey => ({ pk: 'BACKUPS', sk: `${at}#${id}` }),
  databaseBackup: (database: string, at: string, id: string): ItemKey => ({
    pk: `DATABASE#${database}`,
    sk: `BACKUP#${at}#${id}`,
  }),
  /** Partition of the work index: backups whose time ends, the earliest first. */
  backupsToDelete: 'BACKUPS_TO_DELETE',
  fleet: (id: string): ItemKey => ({ pk: `FLEET#${id}`, sk: 'FLEET' }),
  fleetEntry: (createdAt: string, id: string): ItemKey => ({ pk: 'FLEETS', sk: `${createdAt}#${id}` }),
  /** In the order of the fleet's list, so that a wave is one stretch. */
  fleetTarget: (id: string, index: number): ItemKey => ({ pk: `FLEET#${id}`, sk: `TARGET#${padded(index)}` }),
  /** What a hundred targets in a row came to. */
  fleetStretch: (id: string, stretch: number): ItemKey => ({
    pk: `FLEET#${id}`,
    sk: `STRETCH#${padded(stretch)}`,
  }),
  /** Failed targets once more by wave, to be counted while it runs. */
  fleetFailure: (id: string, wave: number, index: number): ItemKey => ({
    pk: `FLEET#${id}`,
    sk: `FAILED#${wave}#${padded(index)}`,
  }),
  fleetEvent: (id: string, sequence: number): ItemKey => ({
    pk: `FLEET#${id}`,
    sk: `EVENT#${padded(sequence)}`,
  }),
  fleetToken: (id: string): ItemKey => ({ pk: `FLEET#${id}`, sk: 'TOKEN' }),
  backupPart: (id: string, run: string, backup: string, part: number): ItemKey => ({
    pk: `MIGRATION#${id}`,
    sk: `PART#${run}#${backup}#${part}`,
  }),
  webhook: (id: string): ItemKey => ({ pk: 'WEBHOOKS', sk: id }),
  /** Ids of deliveries begin with their time: newest last. */
  delivery: (webhook: string, id: string): ItemKey => ({ pk: `WEBHOOK#${webhook}`, sk: `DELIVERY#${id}` }),
  /** Partition of the work index: deliveries to be tried, the earliest first. */
  deliveriesDue: 'DELIVERIES_DUE',
  slackApp: (): ItemKey => ({ pk: 'SLACK_APP', sk: 'SLACK_APP' }),
  slackUser: (team: string, user: string): ItemKey => ({ pk: 'SLACK_USERS', sk: `${team}#${user}` }),
  /** A request of Slack that was seen. */
  slackRequest: (hash: string): ItemKey => ({ pk: `SLACK_REQUEST#${hash}`, sk: 'SLACK_REQUEST' }),
};

export const table = () => environmentVariable('MIGRATIONS_TABLE');

/** One item, read consistently, or undefined. Throws RecordUnreadable when it has another form. */
export async function readItem<T extends z.ZodType>(
  schema: T,
  key: ItemKey,
): Promise<z.output<T> | undefined> {
  const found = await dynamodb().send(new GetCommand({ TableName: table(), Key: key, ConsistentRead: true }));
  return found.Item === undefined ? undefined : parseItem(schema, found.Item);
}

function parseItem<T extends z.ZodType>(schema: T, item: Record<string, unknown>): z.output<T> {
  const { pk, sk, gsi1pk: _index, gsi1sk: _place, ...fields } = item;
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  throw new RecordUnreadable(`The stored item ${String(pk)} / ${String(sk)} has an unknown form`, {
    evidence: { problems: z.prettifyError(parsed.error).slice(0, 1_000) },
    action: 'It was written by another version of Theseus; deploy a version that is at least as new.',
  });
}

/** What must be true of the stored item for a write to happen. */
export interface Condition {
  expression: string;
  names?: Record<string, string>;
  values?: Record<string, unknown>;
}
export const absent: Condition = { expression: 'attribute_not_exists(pk)' };

const conditionOf = (condition: Condition | undefined) =>
  condition === undefined
    ? {}
    : {
        ConditionExpression: condition.expression,
        ...(condition.names === undefined ? {} : { ExpressionAttributeNames: condition.names }),
        ...(condition.values === undefined ? {} : { ExpressionAttributeValues: condition.values }),
      };

async function held(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** Writes a whole item; false when the condition did not hold. */
export function writeItem(
  key: ItemKey,
  item: Record<string, unknown>,
  condition?: Condition,
): Promise<boolean> {
  return held(
    dynamodb().send(
      new PutCommand({ TableName: table(), Item: { ...item, ...key }, ...conditionOf(condition) }),
    ),
  );
}

/** Deletes an item if it is there; false when the condition did not hold. */
export function deleteItem(key: ItemKey, condition?: Condition): Promise<boolean> {
  return held(
    dynamodb().send(new DeleteCommand({ TableName: table(), Key: key, ...conditionOf(condition) })),
  );
}

const Place = z.record(z.string(), z.string());
export type Place = z.infer<typeof Place>;
/** A place in a list as a client may bring it back. */
export const placeSchema = z.strictObject({ pk: z.string(), sk: z.string() });

export interface ItemPage<T> {
  items: T[];
  /** Where the next page begins; undefined on the last. */
  next: Place | undefined;
}

/** One page of items of a partition whose sort key begins with `prefix`, read consistently. */
export async function readPage<T extends z.ZodType>(
  schema: T,
  query: { pk: string; prefix?: string; limit: number; newestFirst?: boolean; from?: Place | undefined },
): Promise<ItemPage<z.output<T>>> {
  if (query.from !== undefined && query.from.pk !== query.pk) {
    throw new InvalidInput('The cursor is of another list', {
      problems: [{ pointer: '/query/cursor', detail: 'Not a cursor of this list' }],
      action: 'Start again without a cursor.',
    });
  }
  const found = await dynamodb().send(
    new QueryCommand({
      TableName: table(),
      ConsistentRead: true,
      KeyConditionExpression: query.prefix ? 'pk = :pk AND begins_with(sk, :prefix)' : 'pk = :pk',
      ExpressionAttributeValues: query.prefix
        ? { ':pk': query.pk, ':prefix': query.prefix }
        : { ':pk': query.pk },
      ScanIndexForward: !query.newestFirst,
      Limit: query.limit,
      ...(query.from === undefined ? {} : { ExclusiveStartKey: query.from }),
    }),
  );
  return {
    items: (found.Items ?? []).map((item) => parseItem(schema, item)),
    next: found.LastEvaluatedKey === undefined ? undefined : Place.parse(found.LastEvaluatedKey),
  };
}

/** All items of a partition whose sort key begins with `prefix`; at most 20,000. */
export async function readAll<T extends z.ZodType>(
  schema: T,
  pk: string,
  prefix: string,
): Promise<z.output<T>[]> {
  const items: z.output<T>[] = [];
  let from: Place | undefined;
  for (let page = 0; page < 20; page += 1) {
    const found = await readPage(schema, { pk, prefix, limit: 1_000, from });
    items.push(...found.items);
    from = found.next;
    if (from === undefined) break;
  }
  return items;
}

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
export async function readWork(
  from?: Place,
  kind: 'WORK' | 'FLEET_WORK' = 'WORK',
): Promise<{ ids: string[]; next: Place | undefined }> {
  const found = await dynamodb().send(
    new QueryCommand({
      TableName: table(),
      IndexName: workIndex,
      KeyConditionExpression: 'gsi1pk = :work',
      ExpressionAttributeValues: { ':work': kind },
      // The records themselves are read where they are asked for, as they are by then.
      ProjectionExpression: 'gsi1sk',
      Limit: 100,
      ...(from === undefined ? {} : { ExclusiveStartKey: from }),
    }),
  );
  return {
    ids: (found.Items ?? []).map((item) => String(item.gsi1sk).split('#').at(-1) ?? ''),
    next: found.LastEvaluatedKey === undefined ? undefined : Place.parse(found.LastEvaluatedKey),
  };
}

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

export type NewEvent = Pick<MigrationEvent, 'type' | 'actor'> & { data?: MigrationEvent['data'] };

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

/** The events of a record after a change: those published are let go, new ones follow in order. */
export function nextEvents(
  record: Pick<MigrationRecord, 'outbox' | 'nextSequence'>,
  { events = [], publishedThrough = -1 }: Pick<Change, 'events' | 'publishedThrough'>,
): Pick<MigrationRecord, 'outbox' | 'nextSequence'> {
  const at = clock.iso();
  const added = events.map((event, index) => ({
    sequence: record.nextSequence + index,
    at,
    type: event.type,
    actor: event.actor,
    data: event.data ?? {},
  }));
  return {
    outbox: [...record.outbox.filter((event) => event.sequence > publishedThrough), ...added],
    nextSequence: record.nextSequence + added.length,
  };
}
