import { AsyncLocalStorage } from 'node:async_hooks';
import type { DatabaseRecord, MigrationRecord } from '../records.ts';

/**
 * An invocation that carries many small targets through all their phases would ask the table the same things over and
 * over. Inside `remembering` the last answer is used again where an old one does no harm: a registration and its
 * connection, and the record that a conditional write begins from, which is read anew when somebody else has written it.
 */
export interface Memory {
  databases: Map<string, DatabaseRecord>;
  /** By the ARN of the secret. A password that was changed meanwhile is a failure that passes, with the memory. */
  connections: Map<string, string>;
  migrations: Map<string, MigrationRecord>;
  /** Records that were changed here only. */
  postponed: Map<string, Postponed>;
}

export interface Postponed {
  /** That is stored. */
  version: number;
  /** Decides and writes anew what was decided since: somebody else has written meanwhile. */
  decideAnew: () => Promise<void>;
  /** Writes it now. */
  keep: () => Promise<void>;
}

const memory = new AsyncLocalStorage<Memory>();

/** Runs `work` with a memory of its own, which ends with it. */
export const remembering = <T>(work: () => Promise<T>): Promise<T> =>
  memory.run(
    { databases: new Map(), connections: new Map(), migrations: new Map(), postponed: new Map() },
    work,
  );

/** What is remembered here; undefined outside of `remembering`. */
export const remembered = (): Memory | undefined => memory.getStore();
