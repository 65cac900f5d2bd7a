import { environmentVariable } from '#platform/environment.ts';
import { eventSortKey } from '#platform/event-log.ts';
import {
  allReader,
  type ItemKey,
  itemCounter,
  itemDeleter,
  itemReader,
  itemWriter,
  pageReader,
  workReader,
} from '#platform/records.ts';
import type { ConfigurationKey, LayerName } from './schemas.ts';

// Every key of the capability's one table; how its items are read and written is platform/records.ts.

export const table = () => environmentVariable('CONFIGURATION_TABLE');

// Pure calls: a bundle leaves out those it does not use.
export const readItem = /* @__PURE__ */ itemReader(table);
export const writeItem = /* @__PURE__ */ itemWriter(table);
export const deleteItem = /* @__PURE__ */ itemDeleter(table);
export const readPage = /* @__PURE__ */ pageReader(table);
export const readAll = /* @__PURE__ */ allReader(table);
export const countItems = /* @__PURE__ */ itemCounter(table);
export const readWork = /* @__PURE__ */ workReader(table);

/** No name is `-`: each begins with a letter or a digit. */
const layerText = ({
  service = '-',
  environment = '-',
  tenant = '-',
}: Omit<LayerName, 'namespace'>): string => `${tenant}#${service}#${environment}`;

export const keys = {
  /** All definitions, by namespace and key; names hold no `#`. */
  definition: (namespace: string, key: string): ItemKey => ({ pk: 'KEYS', sk: `${namespace}#${key}` }),
  /** The values of a layer stand together: resolving reads a partition for each layer. */
  value: ({ key, ...layer }: ConfigurationKey): ItemKey => ({
    pk: `LAYER#${layer.namespace}#${layerText(layer)}`,
    sk: `VALUE#${key}`,
  }),
  /** What a value was, by version. */
  version: ({ key, ...layer }: ConfigurationKey, version: number): ItemKey => ({
    pk: `HISTORY#${layer.namespace}#${layerText(layer)}#${key}`,
    sk: `VERSION#${String(version).padStart(9, '0')}`,
  }),
  /** Partition of the index: the values of a namespace in all layers, by key. */
  holders: (namespace: string): string => `HOLDERS#${namespace}`,
  /** Place of a value among them; without a layer, where those of a key begin. */
  holder: (key: string, layer?: Omit<LayerName, 'namespace'>): string =>
    `${key}#${layer === undefined ? '' : layerText(layer)}`,
  /** Which values hold or held secrets. */
  secret: ({ namespace, key, ...layer }: ConfigurationKey): ItemKey => ({
    pk: 'SECRETS',
    sk: `${namespace}#${key}#${layerText(layer)}`,
  }),
  reencryption: (id: string): ItemKey => ({ pk: `REENCRYPTION#${id}`, sk: 'RECORD' }),
  /** Whose turn it is to seal all secrets anew. */
  reencryptionTurn: (): ItemKey => ({ pk: 'REENCRYPTION', sk: 'TURN' }),
  update: (id: string): ItemKey => ({ pk: `UPDATE#${id}`, sk: 'RECORD' }),
  updateEvent: (id: string, sequence: number): ItemKey => ({
    pk: `UPDATE#${id}`,
    sk: eventSortKey(sequence),
  }),
  /** What one change of an update writes. */
  updateChange: (id: string, index: number): ItemKey => ({
    pk: `UPDATE#${id}`,
    sk: `CHANGE#${String(index).padStart(2, '0')}`,
  }),
  updateToken: (id: string, waitsFor: string): ItemKey => ({ pk: `UPDATE#${id}`, sk: `TOKEN#${waitsFor}` }),
  /** The list of updates, oldest first. */
  updateEntry: (createdAt: string, id: string): ItemKey => ({ pk: 'UPDATES', sk: `${createdAt}#${id}` }),
  /** Which update may change which keys, and who waits. */
  updateSlots: (): ItemKey => ({ pk: 'UPDATE_SLOTS', sk: 'RECORD' }),
  publication: (environment: string, service: string): ItemKey => ({
    pk: 'PUBLICATIONS',
    sk: `${environment}#${service}`,
  }),
  subscription: (service: string): ItemKey => ({ pk: 'SUBSCRIPTIONS', sk: service }),
  /** What one service is told of one update. */
  notice: (id: string): ItemKey => ({ pk: `NOTICE#${id}`, sk: 'RECORD' }),
  rule: (name: string): ItemKey => ({ pk: 'RULES', sk: name }),
  violation: (id: string): ItemKey => ({ pk: 'VIOLATIONS', sk: id }),
  /** What instances say they have in force; those of a service stand together. */
  reports: 'REPORTS',
  report: (of: {
    service: string;
    environment: string | null;
    tenant: string | null;
    instance: string;
    namespace: string;
  }): ItemKey => ({
    pk: 'REPORTS',
    sk: [of.service, of.environment ?? '-', of.tenant ?? '-', of.instance, of.namespace].join('#'),
  }),
  /** Services that read a namespace. */
  reader: (namespace: string, service: string, environment: string | null): ItemKey => ({
    pk: `READERS#${namespace}`,
    sk: `${service}#${environment ?? '-'}`,
  }),
  drift: (id: string): ItemKey => ({ pk: 'DRIFT', sk: id }),
  /** Publications in whose place AppConfig has something else in force. */
  publicationDrift: (id: string): ItemKey => ({ pk: 'PUBLICATION_DRIFT', sk: id }),
};

/** Kinds of open work on the index `gsi1`; see `workReader`. */
export const work = {
  /** Updates that are open, or whose events were not sent. */
  updates: 'UPDATES_OPEN',
  /** Notices on their way to services. */
  notices: 'CONFIGURATION_NOTICES_DUE',
};
