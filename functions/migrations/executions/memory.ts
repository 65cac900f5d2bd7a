import { AsyncLocalStorage } from 'node:async_hooks';
import type { DatabaseRecord, MigrationRecord } from '../records.ts';

/**
 * An invocation that carries many small targets through all their phases would ask the table the same things over and
 * over. Inside `remembering` the last answer is used again where an old one does no harm: a registration, and the
 * record that a conditional write begins from, which is read anew when somebody else has written it.
 */
export interface Memory {
  databases: Map<string, DatabaseRecord>;
  migrations: Map<string, MigrationRecord>;
}

const memory = new AsyncLocalStorage<Memory>();

/** Runs `work` with a memory of its own, which ends with it. */
export const remembering = <T>(work: () => Promise<T>): Promise<T> =>
  memory.run({ databases: new Map(), migrations: new Map() }, work);

/** What is remembered here; undefined outside of `remembering`. */
export const remembered = (): Memory | undefined => memory.getStore();
