import { configurationFunctions } from '#configuration/functions.ts';
import { capability } from './capability.ts';
import { configurationGrants } from './configuration-grants.ts';

/** The capability of configuration, as local/capabilities/configuration.ts runs it. */
export const configuration = capability({
  name: 'configuration',
  functions: configurationFunctions,
  grants: configurationGrants,
  nouns: ['configuration'],
  machines: ['configuration-update', 'configuration-reencryption'],
});
