import { serviceFunctions } from '#services/functions.ts';
import type { Capability } from '../capability.ts';
import { functionsFrom, recordsTable } from './parts.ts';

/** The capability of services, as cdk/slices/services.ts deploys it. */
export const services: Capability = {
  name: 'services',
  functions: functionsFrom(serviceFunctions, (name) =>
    name === 'api' ? import('#services/api.ts') : import(`#services/tasks/${name}.ts`),
  ),
  dataPlane: {},
  stateMachines: {},
  tables: [{ variable: 'SERVICES_TABLE', definition: recordsTable('services') }],
  http: [{ prefix: '/services', function: 'api' }],
  rules: [],
  schedules: [
    {
      name: 'services-probe-instances',
      expression: 'rate(1 minute)',
      function: 'probe-instances',
      input: {},
    },
  ],
  environment: () => ({}),
};
