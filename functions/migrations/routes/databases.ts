import { CreateSecretCommand, DeleteSecretCommand } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { secretsManager } from '#platform/clients.ts';
import { currentEnvironment } from '#platform/environment.ts';
import { Conflict, InvalidInput } from '#platform/errors.ts';
import { newId } from '#platform/ids.ts';
import { decodeCursor, pageBody, pageQuery } from '#platform/page.ts';
import { placeSchema } from '#platform/records.ts';
import { type RequestTools, type Route, route } from '#platform/route.ts';
import { needs } from '../access/actions.ts';
import { visibleOf } from '../access/control.ts';
import { findConnector, refuseRetiring } from '../connectors/store.ts';
import { checkThroughConnector, inspectDatabase } from '../databases/connector-calls.ts';
import {
  changeLabels,
  createDatabase,
  databaseView,
  deleteDatabase,
  findDatabase,
  listDatabases,
  reserveDatabaseName,
} from '../databases/databases.ts';
import { ChangedDatabase, Database, DatabasePage, DatabaseRef, NewDatabase } from '../databases/schemas.ts';
import { unfinishedMigrations } from '../list.ts';
import { type ConnectorRecord, type DatabaseRecord, defaultConnectorId } from '../records.ts';

const Params = z.strictObject({ id: DatabaseRef });

/**
 * A URL is a convenience of the laptop: it becomes a secret at once and is not kept anywhere else. Deployed
 * environments take references to secrets only, so that no password passes the API, and reach the database through
 * its connector only, so that no address is dialled from here.
 */
async function secretOf(name: string, url: string): Promise<string> {
  if (currentEnvironment() !== 'local') {
    throw new InvalidInput('A connection is given as the ARN of a secret in this environment', {
      problems: [{ pointer: '/body/url', detail: 'Only the local environment takes a URL' }],
      action: 'Store the connection in Secrets Manager and send its secretArn.',
    });
  }
  const created = await secretsManager().send(
    new CreateSecretCommand({ Name: `theseus/${name}-${newId('s')}`, SecretString: url }),
  );
  if (created.ARN === undefined) throw new Error('Secrets Manager answered without an ARN');
  return created.ARN;
}

async function forgetSecret(secretArn: string): Promise<void> {
  await secretsManager().send(
    new DeleteSecretCommand({ SecretId: secretArn, ForceDeleteWithoutRecovery: true }),
  );
}

/** What a database stores of its connector; null for the platform's own. */
const ownConnector = ({ id, name }: ConnectorRecord) => (id === defaultConnectorId ? null : { id, name });

/** A connector whose removal began meanwhile either saw this database, or is seen here and the database goes. */
async function keepIfConnectorStays(record: DatabaseRecord): Promise<void> {
  if (record.connector === null) return;
  try {
    refuseRetiring(await findConnector(record.connector.id));
  } catch (error) {
    await deleteDatabase(record);
    throw error;
  }
}

/** ms; what takes longer, or fails, is made up for by the first look for drift. */
const firstVersionMs = 5_000;

/** A database is registered all the same when its schema cannot be read now. */
async function keepFirstVersion(
  record: DatabaseRecord,
  actor: string,
  requestId: string,
  logger: RequestTools['logger'],
): Promise<void> {
  try {
    const asked = { schema: null, accept: false, actor, waitMs: firstVersionMs };
    await checkThroughConnector(record, asked, requestId);
  } catch (error) {
    logger.warn('no first version of the schema', { database: record.id, error: String(error) });
  }
}

export const databaseRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/databases',
    summary: 'Register a database',
    description: 'It is reached once before it is stored. What connects to it never comes back.',
    needs: needs('register_database', 'platform'),
    body: NewDatabase,
    responses: { 201: Database },
    async handler({ body, caller, requestId, logger }) {
      const connector = await findConnector(body.connector);
      refuseRetiring(connector);
      const id = await reserveDatabaseName(body.name);
      const made = body.url === undefined ? undefined : await secretOf(body.name, body.url);
      const secretArn = made ?? body.secretArn ?? '';
      try {
        const facts = await inspectDatabase(connector, { engine: body.engine, secretArn }, requestId);
        const record = await createDatabase(id, {
          name: body.name,
          schema: body.schema,
          labels: body.labels,
          secretArn,
          connector: ownConnector(connector),
          facts,
          createdBy: caller.subject,
        });
        await keepIfConnectorStays(record);
        await keepFirstVersion(record, caller.subject, requestId, logger);
        return {
          status: 201,
          body: databaseView(record),
          headers: { location: `/databases/${id}` },
        };
      } catch (error) {
        if (made !== undefined) await forgetSecret(made);
        throw error;
      }
    },
  }),
  route({
    method: 'GET',
    path: '/databases',
    summary: 'List databases',
    needs: needs('view_progress', 'each database'),
    query: pageQuery,
    responses: { 200: DatabasePage },
    async handler({ query, caller }) {
      const from = query.cursor === undefined ? undefined : decodeCursor(placeSchema, query.cursor);
      const { items, next } = await listDatabases(query.limit, from);
      const seen = await visibleOf(caller, items, (database) => database);
      return { status: 200, body: pageBody(seen.map(databaseView), next) };
    },
  }),
  route({
    method: 'GET',
    path: '/databases/{id}',
    summary: 'Show a database, by id or name',
    needs: needs('view_progress', 'database'),
    params: Params,
    responses: { 200: Database },
    handler: async ({ params }) => ({ status: 200, body: databaseView(await findDatabase(params.id)) }),
  }),
  route({
    method: 'PATCH',
    path: '/databases/{id}',
    summary: 'Change the labels of a database',
    description: 'A fleet of migrations chooses its databases by them.',
    needs: needs('register_database', 'platform'),
    params: Params,
    body: ChangedDatabase,
    responses: { 200: Database },
    handler: async ({ params, body }) => ({
      status: 200,
      body: databaseView(await changeLabels(params.id, body.labels)),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/databases/{id}',
    summary: 'Forget a database',
    description:
      'Refused while a migration of it is active or can still be undone. Nothing in it is changed.',
    needs: needs('register_database', 'platform'),
    params: Params,
    responses: { 204: z.undefined() },
    async handler({ params }) {
      const record = await findDatabase(params.id);
      const [unfinished] = await unfinishedMigrations(record.id);
      if (unfinished !== undefined) {
        throw new Conflict(`Migration ${unfinished.id} of this database is ${unfinished.status}`, {
          evidence: { migration: unfinished.id, status: unfinished.status },
          action: 'Wait until nothing of it is active or can be undone.',
        });
      }
      await deleteDatabase(record);
      if (currentEnvironment() === 'local') await forgetSecret(record.secretArn);
      return { status: 204, body: undefined };
    },
  }),
];
