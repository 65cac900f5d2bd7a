import { environmentVariable } from '#platform/environment.ts';
import { type ItemKey, itemDeleter, itemReader, itemWriter, pageReader } from '#platform/records.ts';

// Every key of the capability's one table; how its items are read and written is platform/records.ts.
// Those of circuit breakers begin with BREAKER and are in circuit-breaker/keys.ts.

export const table = () => environmentVariable('GATEWAY_TABLE');

// Pure calls: a bundle leaves out those it does not use.
export const readItem = /* @__PURE__ */ itemReader(table);
export const writeItem = /* @__PURE__ */ itemWriter(table);
export const deleteItem = /* @__PURE__ */ itemDeleter(table);
export const readPage = /* @__PURE__ */ pageReader(table);

export const keys = {
  /** All routes are one list, which is read a page at a time; the data plane reads them one by one. */
  routes: 'ROUTES',
  route: (service: string): ItemKey => ({ pk: 'ROUTES', sk: service }),
  /** A window of traffic of one version; several shards so that many writers do not meet in one partition. */
  traffic: (service: string, version: string, shard: number, windowStart: string): ItemKey => ({
    pk: `TRAFFIC#${service}#${version}#${shard}`,
    sk: windowStart,
  }),
  /** Which API a service has, in which revision: read with its route, so it is small. */
  apiStamp: (service: string): ItemKey => ({ pk: 'API_STAMPS', sk: service }),
  apiDocument: (service: string): ItemKey => ({ pk: 'API_DOCUMENTS', sk: service }),
  /** What was counted of an API on a day. */
  apiUsage: (api: string, day: string, place: string): ItemKey => ({
    pk: `API_USAGE#${api}#${day}`,
    sk: place,
  }),
  /** Requests of a minute under one limit of an API. */
  rateLimit: (api: string, name: string, minute: string): ItemKey => ({
    pk: `RATE_LIMIT#${api}#${name}`,
    sk: minute,
  }),
  /** The service that an API has. */
  apiHome: (api: string): ItemKey => ({ pk: 'API_HOMES', sk: api }),
};
