import { serviceFunctions } from '#services/functions.ts';
import { capability } from './capability.ts';
import { serviceGrants } from './service-grants.ts';

/** The capability of services, as local/capabilities/services.ts runs it. */
export const services = capability({
  name: 'services',
  functions: serviceFunctions,
  grants: serviceGrants,
  nouns: ['services'],
  machines: [],
});
