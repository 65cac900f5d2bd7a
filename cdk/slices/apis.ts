import { apiFunctions } from '#apis/functions.ts';
import { apiGrants } from './apis-grants.ts';
import { capability } from './capability.ts';

/** The capability of apis, as local/capabilities/apis.ts runs it. */
export const apis = capability({
  name: 'apis',
  functions: apiFunctions,
  grants: apiGrants,
  nouns: ['apis'],
  machines: [],
});
