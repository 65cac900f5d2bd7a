import { InvokeCommand } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { readFailure } from '#platform/causes.ts';
import { lambda } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { ServiceUnavailable } from '#platform/errors.ts';
import { ConnectorIncomplete, ReportedFailure, ReportedRefusal } from './errors.ts';
import { Connector, type DatabaseRecord, type MigrationRecord } from './records.ts';
import { RestoredRows, type RestoreRows } from './schemas.ts';
import { connectorOf } from './workflow.ts';

/** The API answers within 30 s; a plan that takes longer is answered with 202 and found later. */
const planningWaitMs = 20_000;
const inspectingWaitMs = 20_000;
const restoringWaitMs = 20_000;

const Failure = z.looseObject({ errorType: z.string(), errorMessage: z.string().default('') });

/** What connector functions refuse is thrown again under its own name. Throws ReportedFailure, ReportedRefusal. */
async function invoke(functionArn: string, payload: unknown, waitMs: number): Promise<unknown> {
  const answer = await lambda().send(
    new InvokeCommand({ FunctionName: functionArn, Payload: Buffer.from(JSON.stringify(payload)) }),
    { abortSignal: AbortSignal.timeout(waitMs) },
  );
  const text = Buffer.from(answer.Payload ?? []).toString('utf8');
  if (answer.FunctionError === undefined) return JSON.parse(text);
  const failure = Failure.safeParse(JSON.parse(text));
  const { name, message, problems, evidence, action, retryable } = readFailure(
    failure.data?.errorType ?? 'Lambda.Unknown',
    text,
  );
  if (problems === undefined) throw new ReportedFailure({ name, message, evidence, action, retryable });
  throw new ReportedRefusal(name, message, {
    problems,
    evidence,
    ...(action === undefined ? {} : { action }),
  });
}

const isTimeout = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');

const Inspected = z.strictObject({ version: z.string(), database: z.string(), user: z.string() });

/** Reaches a database through the platform's connector. Throws ReportedFailure, ServiceUnavailable. */
export async function inspectDatabase(target: {
  engine: DatabaseRecord['engine'];
  secretArn: string;
}): Promise<z.infer<typeof Inspected>> {
  const connector = Connector.parse(JSON.parse(environmentVariable('DEFAULT_CONNECTOR')));
  const functionArn = connector.functions.inspectDatabase;
  if (functionArn === undefined)
    throw new ConnectorIncomplete('The connector has no function inspect-database');
  try {
    return Inspected.parse(await invoke(functionArn, target, inspectingWaitMs));
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new ServiceUnavailable('The database did not answer within 20 s', {
      action: 'Check host, port and security groups in the secret and the connector.',
      cause: error,
    });
  }
}

/** Has a stored migration planned. `late` when that takes longer than the API can wait; the plan comes all the same. */
export async function planMigration(id: string, database: DatabaseRecord): Promise<'decided' | 'late'> {
  const functionArn = connectorOf(database).functions.planMigration ?? '';
  try {
    await invoke(functionArn, { migrationId: id }, planningWaitMs);
    return 'decided';
  } catch (error) {
    if (isTimeout(error)) return 'late';
    throw error;
  }
}

/** Has a backup restored. `late` when that takes longer than the API can wait; the migration's events tell the end. */
export async function restoreRows(
  record: MigrationRecord,
  database: DatabaseRecord,
  asked: RestoreRows & { actor: string },
): Promise<RestoredRows | 'late'> {
  const functionArn = connectorOf(database).functions.restoreRows ?? '';
  try {
    return RestoredRows.parse(
      await invoke(functionArn, { migrationId: record.id, ...asked }, restoringWaitMs),
    );
  } catch (error) {
    if (isTimeout(error)) return 'late';
    throw error;
  }
}
