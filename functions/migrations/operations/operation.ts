import type { OperationKind, OperationOf } from '../file/schema.ts';
import type { LogicalSchema } from '../plan/logical.ts';
import type { Pieces } from '../plan/pieces.ts';
import type { Snapshot } from '../plan/snapshot.ts';

/** Where an operation stands and what it sees. */
export interface OperationContext {
  /** Place in the file, from 0. */
  index: number;
  /** The migration's name: part of every name of ours. */
  migration: string;
  versionSchema: string;
  snapshot: Snapshot;
  /** The schema after the operations before this one. */
  schema: LogicalSchema;
  /** RFC 6901 pointer of a field of this operation in the file. */
  pointer: (...path: string[]) => string;
}

/** The schema after the operation, and what it asks of every phase once the whole file is known. */
export interface Applied {
  schema: LogicalSchema;
  pieces: (final: LogicalSchema) => Promise<Pieces>;
}

/** One kind of operation: refuses what cannot be done, changes the logical schema, returns its statements. Pure. */
export type Apply<K extends OperationKind> = (
  body: OperationOf<K>,
  context: OperationContext,
) => Promise<Applied>;
