import type { OperationKind } from '../file/schema.ts';
import { addColumn } from './add_column.ts';
import { alterColumn } from './alter_column.ts';
import { createConstraint } from './create_constraint.ts';
import { createIndex } from './create_index.ts';
import { createTable } from './create_table.ts';
import { dropColumn } from './drop_column.ts';
import { dropConstraint, dropMultiColumnConstraint } from './drop_constraint.ts';
import { dropIndex } from './drop_index.ts';
import { dropTable } from './drop_table.ts';
import type { Apply } from './operation.ts';
import { renameColumn } from './rename_column.ts';
import { renameConstraintOperation } from './rename_constraint.ts';
import { renameTable } from './rename_table.ts';
import { setReplicaIdentity } from './set_replica_identity.ts';
import { sql } from './sql.ts';

/** Every operation of the format. */
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
  create_constraint: createConstraint,
  drop_constraint: dropConstraint,
  drop_multicolumn_constraint: dropMultiColumnConstraint,
  rename_constraint: renameConstraintOperation,
  set_replica_identity: setReplicaIdentity,
} satisfies { [K in OperationKind]: Apply<K> };
