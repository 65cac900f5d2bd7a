import { deploymentFunctions } from '#deployments/functions.ts';
import type { Capability } from '../capability.ts';
import { functionsFrom, recordsTable, stateMachine } from './parts.ts';

/** The capability of deployments, as cdk/slices/deployments.ts deploys it. */
export const deployments: Capability = {
  name: 'deployments',
  functions: functionsFrom(deploymentFunctions, (name) =>
    name === 'api' ? import('#deployments/api.ts') : import(`#deployments/tasks/${name}.ts`),
  ),
  dataPlane: {},
  stateMachines: { deployment: stateMachine('deployment'), release: stateMachine('release') },
  tables: [{ variable: 'DEPLOYMENTS_TABLE', definition: recordsTable('deployments') }],
  http: [
    { prefix: '/deployments', function: 'api' },
    { prefix: '/releases', function: 'api' },
  ],
  rules: [
    {
      name: 'deployments-reconcile',
      pattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
      function: 'reconcile',
    },
  ],
  schedules: [
    { name: 'deployments-reconcile', expression: 'rate(1 minute)', function: 'reconcile', input: {} },
    {
      name: 'deployments-publish-events',
      expression: 'rate(1 minute)',
      function: 'publish-events',
      input: {},
    },
  ],
  environment: () => ({
    GATE_SECRET: 'theseus/deployments/gates',
    PROMOTION_SECRET: 'theseus/deployments/promotions',
  }),
};
