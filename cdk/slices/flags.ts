import { flagFunctions } from '#flags/functions.ts';
import { flagStrategies } from '#flags/strategies.ts';
import { capability } from './capability.ts';
import { flagGrants } from './flags-grants.ts';

/** The capability of flags, as local/capabilities/flags.ts runs it. */
export const flags = capability({
  name: 'flags',
  functions: flagFunctions,
  grants: flagGrants,
  nouns: ['flags'],
  machines: ['flag-rollout'],
  strategies: flagStrategies,
  validator: 'validate-document',
});
