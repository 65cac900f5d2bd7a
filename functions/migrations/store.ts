import { environmentVariable } from '#platform/environment.ts';
import {
  allReader,
  type ItemKey,
  itemDeleter,
  itemReader,
  itemWriter,
  pageReader,
  workReader,
} from '#platform/records.ts';

// Every key of the capability's one table; how its items are read and written is platform/records.ts.

export const table = () => environmentVariable('MIGRATIONS_TABLE');

// Pure calls: a bundle leaves out those it does not use.
export const readItem = /* @__PURE__ */ itemReader(table);
export const writeItem = /* @__PURE__ */ itemWriter(table);
export const deleteItem = /* @__PURE__ */ itemDeleter(table);
export const readPage = /* @__PURE__ */ pageReader(table);
export const readAll = /* @__PURE__ */ allReader(table);
export const readOpen = /* @__PURE__ */ workReader(table);

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
