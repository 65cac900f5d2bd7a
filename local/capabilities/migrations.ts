import { camelName, migrationFunctions } from '#migrations/functions.ts';
import type { Capability } from '../capability.ts';
import { ownExternalId } from '../connectors.ts';
import { eventBusName } from '../environment.ts';
import { REGION } from '../step-functions/arns.ts';
import { functionsFrom, recordsTable, stateMachine } from './parts.ts';

const dataPlane = Object.entries(migrationFunctions).flatMap(([name, { plane }]) =>
  plane === 'data' ? [name] : [],
);

/** The capability of migrations, as cdk/slices/migrations.ts deploys it. */
export const migrations: Capability = {
  name: 'migrations',
  functions: functionsFrom(migrationFunctions, (name) =>
    name === 'api' ? import('#migrations/api.ts') : import(`#migrations/tasks/${name}.ts`),
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
  tables: [{ variable: 'MIGRATIONS_TABLE', definition: recordsTable('migrations') }],
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
