import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Construct } from 'constructs';
import { camelName, type FunctionName, migrationFunctions } from '#migrations/functions.ts';
import type { Plane } from '#platform/function-facts.ts';
import type { DataPlaneTask } from '../constructs/connector.ts';
import { handlerCode } from '../constructs/handler-code.ts';
import { loginSecrets, webhookSecrets } from '../constructs/names.ts';
import { migrationGrants } from './migration-grants.ts';
import { actionsOf, statementsOf } from './rights.ts';

/** The state machines of this capability, by the names of their files. */
export const migrationMachines = [
  'migration',
  'migration-data',
  'migration-rollback',
  'migration-undo',
  'migration-removal',
  'migration-rehearsal',
  'migration-fleet',
  'migration-blue-green',
  'migration-blue-green-rollback',
] as const;

/** First path segments of this capability's routes. */
export const migrationNouns = [
  'connectors',
  'databases',
  'migrations',
  'migration-fleets',
  'backups',
  'alerts',
  'alert-rules',
  'permissions',
  'audit',
  'webhooks',
  'slack',
];

/** What of this capability answers without a token. */
export const migrationOpenPaths = [
  {
    method: HttpMethod.POST,
    path: '/slack/interactions',
    reason: 'Slack has no token: the function refuses what does not bear the signature of Slack.',
  },
];

export const functionNames = Object.keys(migrationFunctions).filter(isFunctionName);
function isFunctionName(name: string): name is FunctionName {
  return name in migrationFunctions;
}
export const ofPlane = (plane: Plane): FunctionName[] =>
  functionNames.filter((name) => migrationFunctions[name].plane === plane);

export function entryOf(name: FunctionName): string {
  return name === 'api' ? 'functions/migrations/api.ts' : `functions/migrations/tasks/${name}.ts`;
}

/** Bundled once for all stacks that deploy them. */
export const codeOf = handlerCode(Object.fromEntries(functionNames.map((name) => [name, entryOf(name)])));

/** Which of its data-plane functions work through key ranges, many at a time. */
export const throughRanges = new Set<FunctionName>([
  'backfill-range',
  'load-range',
  'compare-range',
  'verify-range',
  'migrate-fleet-targets',
]);

/** Every action that some data-plane function may take on the table (`dynamodb`) or the bucket (`s3`). */
export function dataPlaneActions(): { dynamodb: string[]; s3: string[] } {
  const all = ofPlane('data').flatMap((name) => migrationGrants[name].flatMap((right) => actionsOf[right]));
  const of = (service: string) =>
    [...new Set(all)].filter((action) => action.startsWith(`${service}:`)).sort();
  return { dynamodb: of('dynamodb'), s3: of('s3') };
}

/** What this capability stores in, wherever its functions run. */
export interface MigrationStores {
  /** The table's name; from another account its ARN. */
  table: string;
  tableArn: string;
  bucketArn: string;
  bucketName: string;
  keyArn: string;
}

/** What every function of this capability is told, in both planes. */
export function migrationVariables(environment: string, stores: MigrationStores): Record<string, string> {
  return {
    THESEUS_ENVIRONMENT: environment,
    MIGRATIONS_TABLE: stores.table,
    ARTIFACTS_BUCKET: stores.bucketName,
  };
}

/** What the functions of a connector are told besides. */
export const connectorVariables = (
  environment: string,
  prefix: string,
  stores: MigrationStores,
): Record<string, string> => ({
  ...migrationVariables(environment, stores),
  LOGIN_SECRETS: loginSecrets(prefix),
  WEBHOOK_SECRETS: webhookSecrets(prefix),
  // Nothing is loaded from a folder: what transforms records was bundled.
  THESEUS_TRANSFORMS: '',
});

/** The data plane of this capability, for a connector to deploy. */
export function migrationDataPlane(
  scope: Construct,
  prefix: string,
  stores: MigrationStores,
): (secretArns: string) => DataPlaneTask[] {
  return (secretArns) =>
    ofPlane('data').map((name) => ({
      name,
      key: camelName(name),
      code: codeOf(name),
      timeoutSeconds: migrationFunctions[name].timeoutSeconds,
      memoryMb: migrationFunctions[name].memoryMb,
      statements: statementsOf(scope, migrationGrants[name], { prefix, secretArns, ...stores }),
      manyAtOnce: throughRanges.has(name),
    }));
}
