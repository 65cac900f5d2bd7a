import type { OperationKind, OperationOf } from '../file/schema.ts';
import type { LogicalSchema } from '../plan/logical.ts';
import type { Pieces } from '../plan/pieces.ts';
import type { Snapshot } from '../plan/snapshot.ts';
import { addColumn } from './add_column.ts';
import { alterColumn } from './alter_column.ts';
import { createIndex } from './create_index.ts';
import { createTable } from './create_table.ts';
import { dropColumn } from './drop_column.ts';
import { dropIndex } from './drop_index.ts';
import { dropTable } from './drop_table.ts';
import { renameColumn } from './rename_column.ts';
import { renameTable } from './rename_table.ts';
import { sql } from './sql.ts';

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

/** Every operation that is built. The format has others; they are refused by name. */
export const operations = {
  create_table: createTable,
  drop_table: dropTable,
  rename_table: renameTable,
  add_column: addColumn,
  drop_column: dropColumn,
  alter_column: alterColumn,
  rename_column: renameColumn,
  create_index: createIndex,
  drop_index: dropIndex,
  sql,
} satisfies { [K in OperationKind]?: Apply<K> };
