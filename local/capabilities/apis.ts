import { apiFunctions } from '#apis/functions.ts';
import type { Capability } from '../capability.ts';
import { functionsFrom, recordsTable } from './parts.ts';

/** The capability of apis, as cdk/slices/apis.ts deploys it. */
export const apis: Capability = {
  name: 'apis',
  functions: functionsFrom(apiFunctions, (name) =>
    name === 'api' ? import('#apis/api.ts') : import(`#apis/tasks/${name}.ts`),
  ),
  dataPlane: {},
  stateMachines: {},
  tables: [{ variable: 'APIS_TABLE', definition: recordsTable('apis') }],
  http: [{ prefix: '/apis', function: 'api' }],
  open: ['GET /apis/documents/{api}/{versions}/{document}'],
  rules: [],
  schedules: [{ name: 'apis-sweep', expression: 'rate(1 minute)', function: 'sweep-apis', input: {} }],
  environment: () => ({}),
};
