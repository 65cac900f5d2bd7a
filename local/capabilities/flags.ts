import { flagFunctions } from '#flags/functions.ts';
import { flagStrategies } from '#flags/strategies.ts';
import type { Capability } from '../capability.ts';
import { functionsFrom, recordsTable, stateMachine } from './parts.ts';

/** The capability of flags, as cdk/slices/flags.ts deploys it. */
export const flags: Capability = {
  name: 'flags',
  functions: functionsFrom(flagFunctions, (name) =>
    name === 'api' ? import('#flags/api.ts') : import(`#flags/tasks/${name}.ts`),
  ),
  dataPlane: {},
  stateMachines: { 'flag-rollout': stateMachine('flag-rollout') },
  tables: [{ variable: 'FLAGS_TABLE', definition: recordsTable('flags') }],
  http: [{ prefix: '/flags', function: 'api' }],
  rules: [
    {
      name: 'flags-deployed',
      pattern: {
        source: ['aws.appconfig'],
        'detail-type': ['On Deployment Complete', 'On Deployment Rolled Back'],
        detail: { Application: { Name: ['theseus-flags'] } },
      },
      function: 'sweep-flags',
    },
    {
      name: 'flags-reconcile',
      pattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
      function: 'reconcile-rollouts',
    },
  ],
  schedules: [
    { name: 'flags-sweep', expression: 'rate(1 minute)', function: 'sweep-flags', input: {} },
    { name: 'flags-reconcile', expression: 'rate(1 minute)', function: 'reconcile-rollouts', input: {} },
    { name: 'flags-drift', expression: 'rate(1 minute)', function: 'detect-flag-drift', input: {} },
    { name: 'flags-sweep-use', expression: 'rate(1 minute)', function: 'sweep-flag-use', input: {} },
  ],
  application: {
    variable: 'FLAGS_APPLICATION',
    name: 'theseus-flags',
    strategies: flagStrategies,
  },
  // Nothing has that role: alarms are refused on a laptop.
  environment: ({ roleArn, functionArn }) => ({
    FLAGS_ALARM_ROLE: roleArn,
    FLAGS_VALIDATOR_FUNCTION: functionArn('validate-document'),
  }),
};
