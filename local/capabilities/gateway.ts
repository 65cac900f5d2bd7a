import { gatewayFunctions } from '#gateway/functions.ts';
import type { Capability } from '../capability.ts';
import { functionsFrom, recordsTable } from './parts.ts';

/** The capability of gateway, as cdk/slices/gateway.ts deploys it. */
export const gateway: Capability = {
  name: 'gateway',
  functions: functionsFrom(gatewayFunctions, (name) => {
    if (name === 'api') return import('#gateway/api.ts');
    if (name === 'authorize') return import('#gateway/authorize.ts');
    return name === 'serve' ? import('#gateway/serve.ts') : import(`#gateway/tasks/${name}.ts`);
  }),
  dataPlane: {},
  stateMachines: {},
  tables: [{ variable: 'GATEWAY_TABLE', definition: recordsTable('gateway') }],
  http: [{ prefix: '/gateway', function: 'api' }],
  traffic: async () => ({
    ...(await import('#gateway/serving/gateway.ts')),
    ...(await import('#gateway/serving/request.ts')),
  }),
  rules: [],
  schedules: [],
  environment: () => ({}),
};
