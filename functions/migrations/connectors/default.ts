import { z } from 'zod';
import { environmentVariable } from '#platform/environment.ts';
import { camelName } from '../functions.ts';
import { type ConnectorRecord, defaultConnectorId } from '../records.ts';

/**
 * The platform's own connector as the deployment writes it into an environment variable: Lambda allows 4 KB for all of
 * them together, so what the ARNs have in common stands there once.
 */
const DefaultConnector = z.strictObject({
  region: z.string(),
  roleArn: z.string(),
  externalId: z.string().nullable(),
  /** What every function's ARN begins with. */
  functions: z.string(),
  /** Published version by the task's file name. */
  versions: z.record(z.string(), z.string()),
});

/** The connector that was deployed with this very code. Throws EnvironmentIncomplete. */
export function defaultConnector(): ConnectorRecord {
  const { region, roleArn, externalId, functions, versions } = DefaultConnector.parse(
    JSON.parse(environmentVariable('DEFAULT_CONNECTOR')),
  );
  return {
    schemaVersion: 1,
    version: 1,
    id: defaultConnectorId,
    name: defaultConnectorId,
    region,
    roleArn,
    externalId,
    functions: Object.fromEntries(
      Object.entries(versions).map(([task, version]) => [camelName(task), `${functions}${task}:${version}`]),
    ),
    retiring: false,
    createdAt: null,
    createdBy: null,
    updatedAt: null,
  };
}
