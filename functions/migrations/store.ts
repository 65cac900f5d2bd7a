import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { dynamodb } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { InvalidInput } from '#platform/errors.ts';
import { RecordUnreadable } from './errors.ts';

// The capability's one table: every key of it, and how items are read and written.

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

export function parseItem<T extends z.ZodType>(schema: T, item: Record<string, unknown>): z.output<T> {
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

export const Place = z.record(z.string(), z.string());
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
