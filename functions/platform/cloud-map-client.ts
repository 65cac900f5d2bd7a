import { ServiceDiscoveryClient } from '@aws-sdk/client-servicediscovery';
import { limits, once } from './clients.ts';

/** AWS Cloud Map; apart, since only services export to it. */
export const serviceDiscovery = /* @__PURE__ */ once(() => new ServiceDiscoveryClient(limits));
