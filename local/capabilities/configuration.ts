import { configurationFunctions } from '#configuration/functions.ts';
import type { Capability } from '../capability.ts';
import { functionsFrom, recordsTable } from './parts.ts';

/** The capability of configuration, as cdk/slices/configuration.ts deploys it. */
export const configuration: Capability = {
  name: 'configuration',
  functions: functionsFrom(configurationFunctions, (name) =>
    name === 'api' ? import('#configuration/api.ts') : import(`#configuration/tasks/${name}.ts`),
  ),
  dataPlane: {},
  stateMachines: {},
  tables: [{ variable: 'CONFIGURATION_TABLE', definition: recordsTable('configuration') }],
  http: [{ prefix: '/configuration', function: 'api' }],
  rules: [],
  schedules: [],
  keys: [{ variable: 'CONFIGURATION_SECRETS_KEY', alias: 'theseus/configuration-secrets' }],
  environment: () => ({}),
};
