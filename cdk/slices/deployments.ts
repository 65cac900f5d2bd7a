import { deploymentFunctions } from '#deployments/functions.ts';
import { capability } from './capability.ts';
import { deploymentGrants } from './deployment-grants.ts';

/** The capability of deployments, as local/capabilities/deployments.ts runs it. */
export const deployments = capability({
  name: 'deployments',
  functions: deploymentFunctions,
  grants: deploymentGrants,
  nouns: ['deployments', 'releases'],
  machines: ['deployment', 'release'],
});
