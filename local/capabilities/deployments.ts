import { deploymentFunctions } from '#deployments/functions.ts';
import type { Capability } from '../capability.ts';
import { functionsFrom, recordsTable } from './parts.ts';

/** The capability of deployments, as cdk/slices/deployments.ts deploys it. */
export const deployments: Capability = {
  name: 'deployments',
  functions: functionsFrom(deploymentFunctions, (name) =>
    name === 'api' ? import('#deployments/api.ts') : import(`#deployments/tasks/${name}.ts`),
  ),
  dataPlane: {},
  stateMachines: {},
  tables: [{ variable: 'DEPLOYMENTS_TABLE', definition: recordsTable('deployments') }],
  http: [{ prefix: '/deployments', function: 'api' }],
  rules: [],
  schedules: [],
  environment: () => ({}),
};
