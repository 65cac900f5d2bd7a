import { InvokeCommand, LambdaServiceException } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { answerOf, isTimeout } from '#platform/call.ts';
import { ServiceUnavailable } from '#platform/errors.ts';
import type { FoundBackup } from '../backups/catalogue.ts';
import { RestoredRows, type RestoreRows, VerifiedBackup } from '../backups/schemas.ts';
import { connectorClient, refusalOf } from '../connectors/client.ts';
import type { EjectGoal } from '../engines/engine.ts';
import { connectorOf } from '../executions/workflow.ts';
import { Imported, type NewImport } from '../import/schemas.ts';
import { Redriven, RefusedRecord } from '../loading/refused.ts';
import { Plan } from '../plan/schemas.ts';
import type { ConnectorRecord, DatabaseRecord, MigrationRecord } from '../records.ts';
import { type DryRun, EjectedScript, FoundProblem } from '../schemas.ts';
import { findDatabase } from './databases.ts';

/** The API answers within 30 s; a plan that takes longer is answered with 202 and found later. */
const planningWaitMs = 20_000;
const inspectingWaitMs = 20_000;
const backupWaitMs = 20_000;

/** One function of a connector, called for one request of the API. */
interface Call {
  connector: ConnectorRecord;
  /** The task's name in camelCase. */
  task: string;
  payload: unknown;
  waitMs: number;
  requestId: string;
}

/**
 * Invokes with the connector's role. What its functions refuse is thrown again under its own name. Throws
 * ConnectorRefused, ReportedFailure, ReportedRefusal.
 */
async function invoke({ connector, task, payload, waitMs, requestId }: Call): Promise<unknown> {
  const client = await connectorClient(connector, requestId);
  const answer = await client
    .send(
      new InvokeCommand({
        FunctionName: connector.functions[task] ?? '',
        Payload: Buffer.from(JSON.stringify(payload)),
      }),
      { abortSignal: AbortSignal.timeout(waitMs) },
    )
    .catch((error: unknown) => {
      throw error instanceof LambdaServiceException ? refusalOf(error, connector, task) : error;
    });
  return answerOf(answer);
}

const Inspected = z.strictObject({ version: z.string(), database: z.string(), user: z.string() });

/** Reaches a database through a connector. Throws ConnectorRefused, ReportedFailure, ServiceUnavailable. */
export async function inspectDatabase(
  connector: ConnectorRecord,
  target: { engine: DatabaseRecord['engine']; secretArn: string },
  requestId: string,
): Promise<z.infer<typeof Inspected>> {
  try {
    const call = { connector, task: 'inspectDatabase', payload: target, waitMs: inspectingWaitMs, requestId };
    return Inspected.parse(await invoke(call));
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new ServiceUnavailable('The database did not answer within 20 s', {
      action: 'Check host, port and security groups in the secret and the connector.',
      cause: error,
    });
  }
}

const SchemasPage = z.strictObject({ schemas: z.array(z.string()), more: z.boolean() });

/** A page of the schemas of a database that fit a LIKE pattern. Throws ReportedFailure, ServiceUnavailable. */
export async function listSchemas(
  database: DatabaseRecord,
  asked: { like: string; after: string },
  requestId: string,
): Promise<z.infer<typeof SchemasPage>> {
  const connector = await connectorOf(database);
  const { engine, secretArn } = database;
  try {
    const payload = { engine, secretArn, ...asked };
    const call = { connector, task: 'listSchemas', payload, waitMs: inspectingWaitMs, requestId };
    return SchemasPage.parse(await invoke(call));
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new ServiceUnavailable(`Database ${database.name} did not answer within 20 s`, {
      action: 'Check that it can be reached, then repeat the request.',
      cause: error,
    });
  }
}

const Checked = z.strictObject({ version: z.int(), drift: z.boolean() });

/** What is asked of a look at a schema; null stands for the database's own. */
export interface CheckAsked {
  schema: string | null;
  accept: boolean;
  actor: string;
  waitMs: number;
}

/** Has a schema compared with its last version. Throws what the connector's function throws, ServiceUnavailable. */
export async function checkThroughConnector(
  database: DatabaseRecord,
  { waitMs, ...asked }: CheckAsked,
  requestId: string,
): Promise<z.infer<typeof Checked>> {
  const connector = await connectorOf(database);
  try {
    const payload = { databaseId: database.id, ...asked };
    return Checked.parse(await invoke({ connector, task: 'checkSchema', payload, waitMs, requestId }));
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new ServiceUnavailable(`The schema was not read within ${waitMs / 1_000} s; the look goes on`, {
      evidence: { database: database.id },
      action: 'Ask again in a while.',
      cause: error,
    });
  }
}

/** Has another tool's history taken over. Throws what the connector's function throws, ServiceUnavailable. */
export async function importThroughConnector(
  database: DatabaseRecord,
  asked: NewImport,
  actor: string,
  requestId: string,
): Promise<Imported> {
  const connector = await connectorOf(database);
  const waitMs = 25_000;
  try {
    const payload = { databaseId: database.id, actor, asked };
    return Imported.parse(await invoke({ connector, task: 'importHistory', payload, waitMs, requestId }));
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new ServiceUnavailable('The history was not read within 25 s', {
      evidence: { database: database.id },
      action: 'Repeat the request.',
      cause: error,
    });
  }
}

/** Has a stored migration planned. `late` when that takes longer than the API can wait; the plan comes all the same. */
export async function planMigration(
  id: string,
  database: DatabaseRecord,
  requestId: string,
): Promise<'decided' | 'late'> {
  const connector = await connectorOf(database);
  try {
    const payload = { migrationId: id };
    await invoke({ connector, task: 'planMigration', payload, waitMs: planningWaitMs, requestId });
    return 'decided';
  } catch (error) {
    if (isTimeout(error)) return 'late';
    throw error;
  }
}

const Planned = z.strictObject({ hash: z.string(), plan: Plan, findings: z.array(FoundProblem) });

/** Has a migration planned that is stored nowhere. Throws ServiceUnavailable when that takes longer than the API can wait. */
export async function planOnly(
  dryRun: DryRun,
  database: DatabaseRecord,
  requestId: string,
): Promise<z.infer<typeof Planned>> {
  const connector = await connectorOf(database);
  try {
    const call = { connector, task: 'planMigration', payload: { dryRun }, waitMs: planningWaitMs, requestId };
    return Planned.parse(await invoke(call));
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new ServiceUnavailable('Planning takes longer than 20 s', {
      action:
        'Plan without dryRun: the plan is stored and can be waited for. It changes nothing in the database.',
      cause: error,
    });
  }
}

/** Has the rest of a migration written as a script. Throws NotEjectable, ServiceUnavailable. */
export async function ejectScript(
  migration: MigrationRecord,
  to: EjectGoal,
  requestId: string,
): Promise<z.output<typeof EjectedScript>> {
  const connector = await connectorOf(await findDatabase(migration.databaseId));
  try {
    const payload = { migrationId: migration.id, to };
    const call = { connector, task: 'ejectScript', payload, waitMs: inspectingWaitMs, requestId };
    return EjectedScript.parse(await invoke(call));
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new ServiceUnavailable('The database did not answer within 20 s', {
      action: `Ask the database itself: theseus migration eject ${migration.id} --to ${to} --database <url>`,
      cause: error,
    });
  }
}

/**
 * Has something done with a backup that may take as long as it is large. `late` when that is longer than the API can
 * wait; the migration's events tell the end.
 */
async function onBackup<T extends z.ZodType>(
  task: string,
  { migration }: FoundBackup,
  payload: object,
  answer: T,
  requestId: string,
): Promise<z.output<T> | 'late'> {
  const connector = await connectorOf(await findDatabase(migration.databaseId));
  try {
    return answer.parse(await invoke({ connector, task, payload, waitMs: backupWaitMs, requestId }));
  } catch (error) {
    if (isTimeout(error)) return 'late';
    throw error;
  }
}

/** Has rows of a backup put into a new table. */
export const restoreRows = (found: FoundBackup, restore: RestoreRows, actor: string, requestId: string) =>
  onBackup('restoreRows', found, { backup: found.id, actor, restore }, RestoredRows, requestId);

/** Has a backup read to its end. */
export const verifyBackup = (found: FoundBackup, actor: string, requestId: string) =>
  onBackup('verifyBackup', found, { backup: found.id, actor }, VerifiedBackup, requestId);

/** Of a function that reads or loads records again. Throws what it throws, ServiceUnavailable when it takes too long. */
async function onRecords<T extends z.ZodType>(
  task: string,
  migration: MigrationRecord,
  payload: object,
  answer: T,
  requestId: string,
): Promise<z.output<T>> {
  const connector = await connectorOf(await findDatabase(migration.databaseId));
  const waitMs = 27_000;
  try {
    const asked = { migrationId: migration.id, ...payload };
    return answer.parse(await invoke({ connector, task, payload: asked, waitMs, requestId }));
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new ServiceUnavailable('The database did not answer within 27 s', {
      evidence: { migration: migration.id },
      action: 'Ask again in a while; what was done is not done twice.',
      cause: error,
    });
  }
}

/** A page of the records that a data migration refused. */
export const listErrors = async (
  migration: MigrationRecord,
  after: number,
  limit: number,
  requestId: string,
): Promise<RefusedRecord[]> => {
  const answer = z.strictObject({ items: z.array(RefusedRecord) });
  return (await onRecords('listErrors', migration, { after, limit }, answer, requestId)).items;
};

/** Has the refused records of a data migration loaded once more. Throws Conflict when it neither rests nor is completed. */
export const redriveErrors = (
  migration: MigrationRecord,
  actor: string,
  requestId: string,
): Promise<Redriven> => onRecords('redriveErrors', migration, { actor }, Redriven, requestId);
