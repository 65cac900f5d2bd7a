import { environmentVariable } from '#platform/environment.ts';
import {
  allReader,
  type ItemKey,
  itemDeleter,
  itemReader,
  itemWriter,
  pageReader,
} from '#platform/records.ts';

// Every key of the capability's one table; how its items are read and written is platform/records.ts.

export const table = () => environmentVariable('SERVICES_TABLE');

// Pure calls: a bundle leaves out those it does not use.
export const readItem = /* @__PURE__ */ itemReader(table);
export const writeItem = /* @__PURE__ */ itemWriter(table);
export const deleteItem = /* @__PURE__ */ itemDeleter(table);
export const readPage = /* @__PURE__ */ pageReader(table);
export const readAll = /* @__PURE__ */ allReader(table);

const inService = (service: string, sk: string): ItemKey => ({ pk: `SERVICE#${service}`, sk });

export const keys = {
  /** The list of services. */
  service: (name: string): ItemKey => ({ pk: 'SERVICES', sk: name }),
  version: (service: string, version: string): ItemKey => inService(service, `VERSION#${version}`),
  /** A contract is written once and never changed: its id is of the registration that brought it. */
  contract: (service: string, version: string, id: string): ItemKey =>
    inService(service, `CONTRACT#${version}#${id}`),
  /** A version of another service that depends on this one. */
  dependant: (service: string, dependant: string, version: string): ItemKey =>
    inService(service, `DEPENDANT#${dependant}#${version}`),
  consumer: (service: string, consumer: string): ItemKey => inService(service, `CONSUMER#${consumer}`),
  instance: (service: string, version: string, id: string): ItemKey =>
    inService(service, `INSTANCE#${version}#${id}`),
  /** Partition of the index: instances with something to do, the earliest first. */
  instancesDue: 'INSTANCES_DUE',
};

/** The index of what is due. */
export const dueIndex = 'gsi1';
