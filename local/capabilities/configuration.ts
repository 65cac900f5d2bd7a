import { configurationFunctions } from '#configuration/functions.ts';
import { configurationStrategies } from '#configuration/strategies.ts';
import type { Capability } from '../capability.ts';
import { functionsFrom, recordsTable, stateMachine } from './parts.ts';

/** The capability of configuration, as cdk/slices/configuration.ts deploys it. */
export const configuration: Capability = {
  name: 'configuration',
  functions: functionsFrom(configurationFunctions, (name) =>
    name === 'api' ? import('#configuration/api.ts') : import(`#configuration/tasks/${name}.ts`),
  ),
  dataPlane: {},
  stateMachines: {
    'configuration-update': stateMachine('configuration-update'),
    'configuration-reencryption': stateMachine('configuration-reencryption'),
  },
  tables: [{ variable: 'CONFIGURATION_TABLE', definition: recordsTable('configuration') }],
  http: [{ prefix: '/configuration', function: 'api' }],
  keys: [{ variable: 'CONFIGURATION_SECRETS_KEY', alias: 'theseus/configuration-secrets' }],
  application: {
    variable: 'CONFIGURATION_APPLICATION',
    name: 'theseus-configuration',
    strategies: configurationStrategies,
  },
  rules: [
    {
      name: 'configuration-deployed',
      pattern: {
        source: ['aws.appconfig'],
        'detail-type': ['On Deployment Complete', 'On Deployment Rolled Back'],
        detail: { Application: { Name: ['theseus-configuration'] } },
      },
      function: 'publish-configuration',
    },
    {
      name: 'configuration-reconcile',
      pattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
      function: 'reconcile-updates',
    },
  ],
  schedules: [
    {
      name: 'configuration-publish',
      expression: 'rate(1 minute)',
      function: 'publish-configuration',
      input: {},
    },
    {
      name: 'configuration-reconcile',
      expression: 'rate(1 minute)',
      function: 'reconcile-updates',
      input: {},
    },
    { name: 'configuration-tend-secrets', expression: 'rate(1 minute)', function: 'tend-secrets', input: {} },
    {
      name: 'configuration-rotate-secrets',
      expression: 'rate(1 hour)',
      function: 'rotate-secrets',
      input: {},
    },
    { name: 'configuration-sweep', expression: 'rate(1 minute)', function: 'sweep-updates', input: {} },
    {
      name: 'configuration-compliance',
      expression: 'rate(5 minutes)',
      function: 'check-configuration-compliance',
      input: {},
    },
    {
      name: 'configuration-drift',
      expression: 'rate(1 minute)',
      function: 'detect-configuration-drift',
      input: {},
    },
  ],
  environment: () => ({}),
};
