import { apiFunctions } from '#apis/functions.ts';
import type { Capability } from '../capability.ts';
import { functionsFrom, recordsTable, stateMachine } from './parts.ts';

/** The capability of apis, as cdk/slices/apis.ts deploys it. */
export const apis: Capability = {
  name: 'apis',
  functions: functionsFrom(apiFunctions, (name) =>
    name === 'api' ? import('#apis/api.ts') : import(`#apis/tasks/${name}.ts`),
  ),
  dataPlane: {},
  stateMachines: { 'api-deprecation': stateMachine('api-deprecation') },
  tables: [{ variable: 'APIS_TABLE', definition: recordsTable('apis') }],
  http: [{ prefix: '/apis', function: 'api' }],
  open: ['GET /apis/documents/{api}/{versions}/{document}'],
  rules: [
    {
      name: 'apis-reconcile',
      pattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
      function: 'reconcile-deprecations',
    },
  ],
  schedules: [
    { name: 'apis-sweep', expression: 'rate(1 minute)', function: 'sweep-apis', input: {} },
    { name: 'apis-reconcile', expression: 'rate(1 minute)', function: 'reconcile-deprecations', input: {} },
    {
      name: 'apis-publish-events',
      expression: 'rate(1 minute)',
      function: 'publish-deprecation-events',
      input: {},
    },
    { name: 'apis-deliver-notices', expression: 'rate(1 minute)', function: 'deliver-notices', input: {} },
  ],
  environment: () => ({ NOTICE_SENDER: 'theseus@localhost' }),
};
