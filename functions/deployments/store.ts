import { environmentVariable } from '#platform/environment.ts';
import { allReader, itemDeleter, itemReader, itemWriter, pageReader, workReader } from '#platform/records.ts';
import type { WaitsFor } from './records.ts';
import type { ReleaseWaitsFor } from './releases/records.ts';

// Every key of the capability's one table; how its items are read and written is platform/records.ts.

export const table = () => environmentVariable('DEPLOYMENTS_TABLE');

// Pure calls: a bundle leaves out those it does not use.
export const readItem = /* @__PURE__ */ itemReader(table);
export const writeItem = /* @__PURE__ */ itemWriter(table);
export const deleteItem = /* @__PURE__ */ itemDeleter(table);
export const readPage = /* @__PURE__ */ pageReader(table);
export const readAll = /* @__PURE__ */ allReader(table);
export const readWork = /* @__PURE__ */ workReader(table);

const pk = (id: string) => `DEPLOYMENT#${id}`;

export const keys = {
  deployment: (id: string) => ({ pk: pk(id), sk: 'RECORD' }),
  event: (id: string, sequence: number) => ({
    pk: pk(id),
    sk: `EVENT#${String(sequence).padStart(8, '0')}`,
  }),
  token: (id: string, waitsFor: WaitsFor) => ({ pk: pk(id), sk: `TOKEN#${waitsFor}` }),
  sample: (id: string, from: string) => ({ pk: pk(id), sk: `SAMPLE#${from}` }),
  /** Lists, oldest first: of all, and of one service. */
  entry: (createdAt: string, id: string) => ({ pk: 'DEPLOYMENTS', sk: `${createdAt}#${id}` }),
  serviceEntry: (service: string, createdAt: string, id: string) => ({
    pk: `SERVICE#${service}`,
    sk: `${createdAt}#${id}`,
  }),
  release: (id: string) => ({ pk: `RELEASE#${id}`, sk: 'RECORD' }),
  releaseEvent: (id: string, sequence: number) => ({
    pk: `RELEASE#${id}`,
    sk: `EVENT#${String(sequence).padStart(8, '0')}`,
  }),
  releaseToken: (id: string, waitsFor: ReleaseWaitsFor) => ({
    pk: `RELEASE#${id}`,
    sk: `TOKEN#${waitsFor}`,
  }),
  /** All releases, oldest first. */
  releaseEntry: (createdAt: string, id: string) => ({ pk: 'RELEASES', sk: `${createdAt}#${id}` }),
  slot: (slot: string) => ({ pk: `SLOT#${slot}`, sk: 'SLOT' }),
};
