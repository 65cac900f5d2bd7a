import { z } from 'zod';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { type ItemPage, placeSchema } from '#platform/records.ts';
import { type Route, route } from '#platform/route.ts';
import { needs } from '../access/actions.ts';
import { databaseIn, visibleOf } from '../access/control.ts';
import { type FoundBackup, findBackup, listBackups, listBackupsOf } from '../backups/catalogue.ts';
import { deleteBackup, keepUntil } from '../backups/delete-backups.ts';
import {
  Backup,
  BackupId,
  BackupPage,
  BackupQuery,
  DeleteBackup,
  GoesOn,
  KeepBackup,
  RestoredRows,
  RestoreRows,
  VerifiedBackup,
} from '../backups/schemas.ts';
import { restoreRows, verifyBackup } from '../databases/connector-calls.ts';
import { findDatabase } from '../databases/databases.ts';
import { readMigration } from '../migration-store.ts';
import { MigrationId } from '../schemas.ts';

const Params = z.strictObject({ id: BackupId });

function statusOf({ deletion, verified }: FoundBackup['backup']): Backup['status'] {
  if (deletion !== null) return deletion.done ? 'deleted' : 'deleting';
  return verified?.damage ? 'damaged' : 'kept';
}

function viewOf({ id, migration, backup }: FoundBackup): Backup {
  const { purpose, table, columns, rows, bytes, parts, location, at, keptUntil, verified, deletion } = backup;
  return {
    id,
    migration: { id: migration.id, name: migration.name },
    database: { id: migration.databaseId, name: migration.databaseName },
    purpose,
    schema: migration.schema,
    table,
    columns,
    key: backup.key.map(({ column }) => column),
    rows,
    bytes,
    parts,
    location,
    at,
    status: statusOf(backup),
    keptUntil,
    verified,
    deletion: deletion === null ? null : { by: deletion.by, at: deletion.at, reason: deletion.reason },
  };
}

const pageOfViews = ({ items, next }: ItemPage<FoundBackup>) => pageBody(items.map(viewOf), next);

const goesOn = ({ migration }: FoundBackup) =>
  ({ status: 202, body: { events: `/migrations/${migration.id}/events` } }) as const;

export const backupRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/backups',
    summary: 'List row backups, newest first',
    needs: needs('view_progress', 'each database'),
    query: BackupQuery,
    responses: { 200: BackupPage },
    async handler({ query, caller }) {
      const { cursor, limit, database: named } = query;
      const database = named === undefined ? undefined : (await findDatabase(named)).id;
      const from = cursor === undefined ? undefined : decodeCursor(placeSchema, cursor);
      const { items, next } = await listBackups({ database, limit }, from);
      const seen = await visibleOf(caller, items, ({ migration }) => databaseIn(migration));
      return { status: 200, body: pageOfViews({ items: seen, next }) };
    },
  }),
  route({
    method: 'GET',
    path: '/migrations/{id}/backups',
    summary: 'List the row backups of a migration',
    needs: needs('view_progress', 'migration'),
    params: z.strictObject({ id: MigrationId }),
    query: pageQuery,
    responses: { 200: BackupPage },
    async handler({ params, query }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const migration = await readMigration(params.id);
      return { status: 200, body: pageOfViews(await listBackupsOf(migration, query.limit, from)) };
    },
  }),
  route({
    method: 'GET',
    path: '/backups/{id}',
    summary: 'Show a row backup: what it holds, how long it is kept, whether it was read since',
    needs: needs('view_progress', 'backup'),
    params: Params,
    responses: { 200: Backup },
    handler: async ({ params }) => ({ status: 200, body: viewOf(await findBackup(params.id)) }),
  }),
  route({
    method: 'POST',
    path: '/backups/{id}/verify',
    summary: 'Read a whole backup and compare its rows and checksums',
    description:
      '202 when it takes longer than about 20 s: the event backup.verified or backup.damaged tells the end.',
    needs: needs('create_backup', 'backup'),
    params: Params,
    responses: { 200: VerifiedBackup, 202: GoesOn },
    async handler({ params, caller, requestId }) {
      const found = await findBackup(params.id);
      const seen = await verifyBackup(found, caller.subject, requestId);
      return seen === 'late' ? goesOn(found) : ({ status: 200, body: seen } as const);
    },
  }),
  route({
    method: 'POST',
    path: '/backups/{id}/restore',
    summary: 'Put the rows of a backup, or some of them, into a new table',
    description:
      '202 when it takes longer than about 20 s: the event backup.restored tells the end. What stands is not touched.',
    needs: needs('write_target', 'backup'),
    params: Params,
    body: RestoreRows,
    responses: { 200: RestoredRows, 202: GoesOn },
    async handler({ params, body, caller, requestId }) {
      const found = await findBackup(params.id);
      const restored = await restoreRows(found, body, caller.subject, requestId);
      return restored === 'late' ? goesOn(found) : ({ status: 200, body: restored } as const);
    },
  }),
  route({
    method: 'POST',
    path: '/backups/{id}/keep',
    summary: 'Set how long a backup is kept',
    needs: needs('delete_backup', 'backup'),
    params: Params,
    body: KeepBackup,
    responses: { 200: Backup },
    handler: async ({ params, body, caller }) => ({
      status: 200,
      body: viewOf(await keepUntil(params.id, caller.subject, body)),
    }),
  }),
  route({
    method: 'POST',
    path: '/backups/{id}/delete',
    summary: 'Delete the rows of a backup; who did it and why is kept',
    description: 'The objects go within minutes; a bucket with versions keeps them for 30 days more.',
    needs: needs('delete_backup', 'backup'),
    params: Params,
    body: DeleteBackup,
    responses: { 202: Backup },
    handler: async ({ params, body, caller }) => ({
      status: 202,
      body: viewOf(await deleteBackup(params.id, caller.subject, body.reason)),
    }),
  }),
];
