import { environmentVariable } from '#platform/environment.ts';
import { eventSortKey } from '#platform/event-log.ts';
import {
  allReader,
  type ItemKey,
  itemDeleter,
  itemReader,
  itemWriter,
  pageReader,
  workReader,
} from '#platform/records.ts';

// Every key of the capability's one table; how its items are read and written is platform/records.ts.

export const table = () => environmentVariable('APIS_TABLE');

// Pure calls: a bundle leaves out those it does not use.
export const readItem = /* @__PURE__ */ itemReader(table);
export const writeItem = /* @__PURE__ */ itemWriter(table);
export const deleteItem = /* @__PURE__ */ itemDeleter(table);
export const readPage = /* @__PURE__ */ pageReader(table);
export const readAll = /* @__PURE__ */ allReader(table);
export const readWork = /* @__PURE__ */ workReader(table);

const inApi = (api: string, sk: string): ItemKey => ({ pk: `API#${api}`, sk });

export const keys = {
  /** The list of APIs. */
  entry: (api: string): ItemKey => ({ pk: 'APIS', sk: api }),
  /** An API with all its versions: one item, so that what the gateway is told is of one moment. */
  api: (api: string): ItemKey => inApi(api, 'RECORD'),
  event: (api: string, sequence: number): ItemKey => inApi(api, eventSortKey(sequence)),
  /** A description that is being uploaded. */
  upload: (api: string, id: string): ItemKey => inApi(api, `UPLOAD#${id}`),
  /** The list of consumers. */
  consumer: (id: string): ItemKey => ({ pk: 'CONSUMERS', sk: id }),
  deprecation: (id: string): ItemKey => ({ pk: `DEPRECATION#${id}`, sk: 'RECORD' }),
  deprecationEvent: (id: string, sequence: number): ItemKey => ({
    pk: `DEPRECATION#${id}`,
    sk: eventSortKey(sequence),
  }),
  /** What one consumer was told of a deprecation. */
  notice: (id: string, notice: string): ItemKey => ({ pk: `DEPRECATION#${id}`, sk: `NOTICE#${notice}` }),
  deprecationToken: (id: string, waitsFor: string): ItemKey => ({
    pk: `DEPRECATION#${id}`,
    sk: `TOKEN#${waitsFor}`,
  }),
  /** Lists of deprecations, oldest first: of all, and of one API. */
  deprecationEntry: (createdAt: string, id: string): ItemKey => ({
    pk: 'DEPRECATIONS',
    sk: `${createdAt}#${id}`,
  }),
  apiDeprecationEntry: (api: string, createdAt: string, id: string): ItemKey =>
    inApi(api, `DEPRECATION#${createdAt}#${id}`),
  /** A policy of deprecation that an API has of its own. */
  policy: (api: string, name: string): ItemKey => inApi(api, `POLICY#${name}`),
  /** The feed of notifications, oldest first. */
  feedEntry: (at: string, id: string): ItemKey => ({ pk: 'FEED', sk: `${at}#${id}` }),
  /** The subgraphs of a GraphQL API. */
  graph: (api: string): ItemKey => inApi(api, 'GRAPH'),
  operation: (api: string, hash: string): ItemKey => inApi(api, `OPERATION#${hash}`),
};

/** Kinds of open work on the index `gsi1`; see `workReader`. */
export const work = {
  /** APIs of which the gateway was not told the newest, or whose events were not sent. */
  apis: 'APIS_DUE',
  /** Deprecations that are not over. */
  deprecations: 'DEPRECATIONS_OPEN',
  /** Notices on their way to consumers. */
  notices: 'NOTICES_DUE',
};
