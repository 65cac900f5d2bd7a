import { camelName, migrationFunctions } from '#migrations/functions.ts';
import type { Capability } from './capability.ts';
import { ownExternalId } from './connectors.ts';
import { eventBusName } from './environment.ts';
import type { HandlerModule, LocalFunction } from './lambda/runtime.ts';
import { REGION } from './step-functions/arns.ts';

const stateMachine = (name: string) => new URL(`../state-machines/${name}.asl.json`, import.meta.url);

/** The module of a function of migrations: its file under tasks/, or api.ts. */
function migrationFunction(name: string): LocalFunction {
  const facts = Object.entries(migrationFunctions).find(([known]) => known === name)?.[1];
  if (facts === undefined) throw new Error(`migrations has no function ${name}`);
  const file = name === 'api' ? '#migrations/api.ts' : `#migrations/tasks/${name}.ts`;
  const load = async (): Promise<HandlerModule> => await import(file);
  return { load, timeoutSeconds: facts.timeoutSeconds, memoryMb: facts.memoryMb };
}

const string = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
const keySchema = (hash: string, range: string) => [
  { AttributeName: hash, KeyType: 'HASH' as const },
  { AttributeName: range, KeyType: 'RANGE' as const },
];

const dataPlane = Object.entries(migrationFunctions).flatMap(([name, { plane }]) =>
  plane === 'data' ? [name] : [],
);

const migrations: Capability = {
  name: 'migrations',
  functions: Object.fromEntries(
    Object.keys(migrationFunctions).map((name) => [name, migrationFunction(name)]),
  ),
  dataPlane: Object.fromEntries(dataPlane.map((name) => [camelName(name), name])),
  stateMachines: {
    migration: stateMachine('migration'),
    'migration-data': stateMachine('migration-data'),
    'migration-rollback': stateMachine('migration-rollback'),
    'migration-undo': stateMachine('migration-undo'),
    'migration-removal': stateMachine('migration-removal'),
    'migration-rehearsal': stateMachine('migration-rehearsal'),
    'migration-fleet': stateMachine('migration-fleet'),
    'migration-blue-green': stateMachine('migration-blue-green'),
    'migration-blue-green-rollback': stateMachine('migration-blue-green-rollback'),
  },
  tables: [
    {
      variable: 'MIGRATIONS_TABLE',
      definition: {
        TableName: 'theseus-migrations',
        KeySchema: keySchema('pk', 'sk'),
        AttributeDefinitions: ['pk', 'sk', 'gsi1pk', 'gsi1sk'].map(string),
        GlobalSecondaryIndexes: [
          {
            IndexName: 'gsi1',
            KeySchema: keySchema('gsi1pk', 'gsi1sk'),
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        timeToLive: 'expiresAt',
      },
    },
  ],
  http: [{ prefix: '/', function: 'api' }],
  rules: [
    {
      name: 'migrations-reconcile',
      pattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
      function: 'reconcile',
    },
    {
      name: 'migrations-deliver-webhooks',
      bus: eventBusName,
      pattern: { source: ['theseus.migrations'] },
      function: 'deliver-webhooks',
    },
  ],
  schedules: [
    { name: 'migrations-reconcile', expression: 'rate(1 minute)', function: 'reconcile', input: {} },
    { name: 'migrations-watch', expression: 'rate(1 minute)', function: 'watch-migrations', input: {} },
    {
      name: 'migrations-detect-drift',
      expression: 'rate(10 minutes)',
      function: 'detect-drift',
      input: {},
    },
    {
      name: 'migrations-publish-events',
      expression: 'rate(1 minute)',
      function: 'publish-events',
      input: {},
    },
    {
      name: 'migrations-deliver-webhooks',
      expression: 'rate(1 minute)',
      function: 'deliver-webhooks',
      input: {},
    },
  ],
  environment: ({ functionArn, roleArn }) => ({
    // Modules that transform records, from the folder in which the platform was started.
    THESEUS_TRANSFORMS: process.env.THESEUS_TRANSFORMS ?? process.cwd(),
    DEFAULT_CONNECTOR: JSON.stringify({
      region: REGION,
      roleArn,
      externalId: ownExternalId,
      functions: functionArn(''),
      versions: Object.fromEntries(dataPlane.map((name) => [name, '$LATEST'])),
    }),
  }),
};

/** Everything this laptop runs. */
export const capabilities: readonly Capability[] = [migrations];
