import { environmentVariable } from '#platform/environment.ts';

// Every key of the capability's one table; how its items are read and written is platform/records.ts.
// Those of circuit breakers begin with BREAKER and are in circuit-breaker/keys.ts.

export const table = () => environmentVariable('GATEWAY_TABLE');
