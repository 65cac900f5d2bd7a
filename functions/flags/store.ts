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

export const table = () => environmentVariable('FLAGS_TABLE');

// Pure calls: a bundle leaves out those it does not use.
export const readItem = /* @__PURE__ */ itemReader(table);
export const writeItem = /* @__PURE__ */ itemWriter(table);
export const deleteItem = /* @__PURE__ */ itemDeleter(table);
export const readPage = /* @__PURE__ */ pageReader(table);
export const readAll = /* @__PURE__ */ allReader(table);
export const readWork = /* @__PURE__ */ workReader(table);

const inEnvironment = (environment: string, sk: string): ItemKey => ({
  pk: `ENVIRONMENT#${environment}`,
  sk,
});

export const keys = {
  /** The list of environments. */
  entry: (environment: string): ItemKey => ({ pk: 'ENVIRONMENTS', sk: environment }),
  /** An environment: its settings, and which flags it has by now. */
  environment: (environment: string): ItemKey => inEnvironment(environment, 'RECORD'),
  /** What is switched off in an environment. */
  killSwitches: (environment: string): ItemKey => inEnvironment(environment, 'KILL_SWITCHES'),
  killSwitchEvent: (environment: string, sequence: number): ItemKey => ({
    pk: `KILL_SWITCHES#${environment}`,
    sk: eventSortKey(sequence),
  }),
  /** A version of a flag, written before it counts: `change` says by whom. */
  version: (environment: string, flag: string, version: number, change: string): ItemKey => ({
    pk: `FLAG#${environment}#${flag}`,
    sk: `VERSION#${String(version).padStart(8, '0')}#${change}`,
  }),
  event: (environment: string, sequence: number): ItemKey =>
    inEnvironment(environment, eventSortKey(sequence)),
  rollout: (id: string): ItemKey => ({ pk: `FLAG_ROLLOUT#${id}`, sk: 'RECORD' }),
  rolloutEvent: (id: string, sequence: number): ItemKey => ({
    pk: `FLAG_ROLLOUT#${id}`,
    sk: eventSortKey(sequence),
  }),
  /** What a state of its workflow waits with. */
  rolloutToken: (id: string, waitsFor: string): ItemKey => ({
    pk: `FLAG_ROLLOUT#${id}`,
    sk: `TOKEN#${waitsFor}`,
  }),
  rolloutEntry: (createdAt: string, id: string): ItemKey => ({
    pk: 'FLAG_ROLLOUTS',
    sk: `${createdAt}#${id}`,
  }),
  /** The rollout that has a flag. */
  rolloutSlot: (environment: string, flag: string): ItemKey => ({
    pk: `FLAG_ROLLOUT_SLOTS#${environment}`,
    sk: flag,
  }),
};

/** Kinds of open work on the index `gsi1`; see `workReader`. */
export const work = {
  /** Environments whose newest flags are not in force yet, or whose events were not sent. */
  environments: 'FLAG_ENVIRONMENTS_DUE',
  /** Rollouts that go on, or whose events were not sent. */
  rollouts: 'FLAG_ROLLOUTS_DUE',
};
