import { environmentVariable } from '#platform/environment.ts';
import {
  allReader,
  type ItemKey,
  itemDeleter,
  itemReader,
  itemWriter,
  pageReader,
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
  /** Partition of the index: the values of one key in all layers. */
  holders: (namespace: string, key: string): string => `HOLDERS#${namespace}#${key}`,
  /** Place of a value among them. */
  holder: (layer: Omit<LayerName, 'namespace'>): string => layerText(layer),
};
