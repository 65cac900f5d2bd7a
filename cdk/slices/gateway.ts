import { gatewayFunctions } from '#gateway/functions.ts';
import { capability } from './capability.ts';
import { gatewayGrants } from './gateway-grants.ts';

/** The capability of gateway, as local/capabilities/gateway.ts runs it. */
export const gateway = capability({
  name: 'gateway',
  functions: gatewayFunctions,
  grants: gatewayGrants,
  nouns: ['gateway'],
  machines: [],
});
