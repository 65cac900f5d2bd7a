import { configurationFunctions } from '#configuration/functions.ts';
import { configurationStrategies } from '#configuration/strategies.ts';
import { capability } from './capability.ts';
import { configurationGrants } from './configuration-grants.ts';

/** The capability of configuration, as local/capabilities/configuration.ts runs it. */
export const configuration = capability({
  name: 'configuration',
  functions: configurationFunctions,
  grants: configurationGrants,
  nouns: ['configuration'],
  strategies: configurationStrategies,
  machines: ['configuration-update', 'configuration-reencryption'],
});
