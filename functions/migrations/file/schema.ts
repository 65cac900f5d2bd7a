import { z } from 'zod';
import { fitsIdentifier } from '../sql/identifiers.ts';

/** A name PostgreSQL keeps as it is: 1–63 bytes of UTF-8, no NUL. */
export const Identifier = z
  .string()
  .refine(fitsIdentifier, { message: 'Expected a name of 1 to 63 bytes without NUL characters' });

/** Bound on lists of a file: no real migration comes near it. */
const MAX_LIST = 1_000;
const list = <T extends z.ZodType>(item: T) => z.array(item).max(MAX_LIST);
const sql = z.string().max(65_536);

export const CheckConstraint = z.strictObject({
  constraint: sql,
  name: Identifier,
  no_inherit: z.boolean().optional(),
});
export type CheckConstraint = z.infer<typeof CheckConstraint>;

export const ForeignKeyReference = z.strictObject({
  column: Identifier,
  name: Identifier,
  table: Identifier,
  match_type: z.string().optional(),
  on_delete: z.string().optional(),
  on_update: z.string().optional(),
  deferrable: z.boolean().optional(),
  initially_deferred: z.boolean().optional(),
});
export type ForeignKeyReference = z.infer<typeof ForeignKeyReference>;

export const FileColumn = z.strictObject({
  name: Identifier,
  type: sql,
  /** Absent means NOT NULL. */
  nullable: z.boolean().optional(),
  default: sql.optional(),
  pk: z.boolean().optional(),
  unique: z.boolean().optional(),
  check: CheckConstraint.optional(),
  references: ForeignKeyReference.optional(),
  comment: sql.optional(),
  generated: z
    .strictObject({
      expression: sql.optional(),
      identity: z
        .strictObject({ sequence_options: sql.optional(), user_specified_values: z.string().optional() })
        .optional(),
    })
    .optional(),
});
export type FileColumn = z.infer<typeof FileColumn>;

const TableForeignKeyReference = z.strictObject({
  table: Identifier,
  columns: list(Identifier),
  match_type: z.string().optional(),
  on_update: z.string().optional(),
  on_delete: z.string().optional(),
  on_delete_set_columns: list(Identifier).optional(),
});

const IndexParameters = z.strictObject({
  tablespace: Identifier.optional(),
  storage_parameters: sql.optional(),
  include_columns: list(Identifier).optional(),
});

export const TableConstraint = z.strictObject({
  name: Identifier,
  columns: list(Identifier).optional(),
  type: z.string(),
  deferrable: z.boolean().optional(),
  initially_deferred: z.boolean().optional(),
  nulls_not_distinct: z.boolean().optional(),
  no_inherit: z.boolean().optional(),
  check: sql.optional(),
  references: TableForeignKeyReference.optional(),
  exclude: z
    .strictObject({
      index_method: z.string().optional(),
      elements: sql.optional(),
      predicate: sql.optional(),
    })
    .optional(),
  index_parameters: IndexParameters.optional(),
});
export type TableConstraint = z.infer<typeof TableConstraint>;

const IndexField = z.strictObject({
  column: Identifier,
  collate: z.string().optional(),
  sort: z.string().optional(),
  opclass: z.strictObject({ name: z.string().optional(), params: list(z.string()).optional() }).optional(),
  nulls: z.string().optional(),
});

export const AddColumn = z.strictObject({ table: Identifier, column: FileColumn, up: sql.optional() });
export const AlterColumn = z.strictObject({
  table: Identifier,
  column: Identifier,
  /** Renames, as older files of the format do; newer ones use rename_column. */
  name: Identifier.optional(),
  type: sql.optional(),
  nullable: z.boolean().optional(),
  default: sql.nullable().optional(),
  check: CheckConstraint.optional(),
  unique: z.strictObject({ name: Identifier }).optional(),
  references: ForeignKeyReference.optional(),
  comment: sql.nullable().optional(),
  up: sql.optional(),
  down: sql.optional(),
});
export const RenameColumn = z.strictObject({ table: Identifier, from: Identifier, to: Identifier });
export const DropColumn = z.strictObject({ table: Identifier, column: Identifier, down: sql.optional() });
export const CreateTable = z.strictObject({
  name: Identifier,
  columns: list(FileColumn),
  comment: sql.optional(),
  constraints: list(TableConstraint).optional(),
});
export const DropTable = z.strictObject({ name: Identifier });
export const RenameTable = z.strictObject({ from: Identifier, to: Identifier });
export const CreateIndex = z.strictObject({
  name: Identifier,
  table: Identifier,
  columns: list(IndexField),
  predicate: sql.optional(),
  method: z.string().optional(),
  storage_parameters: sql.optional(),
  unique: z.boolean().optional(),
});
export const DropIndex = z.strictObject({ name: Identifier });
export const RawSql = z.strictObject({ up: sql, down: sql.optional(), onComplete: z.boolean().optional() });

const expressions = z.record(Identifier, sql);
const CreateConstraint = z.strictObject({
  table: Identifier,
  name: Identifier,
  type: z.string(),
  columns: list(Identifier).optional(),
  check: sql.optional(),
  no_inherit: z.boolean().optional(),
  index_parameters: IndexParameters.optional(),
  references: TableForeignKeyReference.optional(),
  up: expressions,
  down: expressions,
});
const DropConstraint = z.strictObject({ table: Identifier, name: Identifier, up: sql, down: sql });
const DropMultiColumnConstraint = z.strictObject({
  table: Identifier,
  name: Identifier,
  up: expressions.optional(),
  down: expressions,
});
const RenameConstraint = z.strictObject({ table: Identifier, from: Identifier, to: Identifier });
const SetReplicaIdentity = z.strictObject({
  table: Identifier,
  identity: z.strictObject({ index: z.string(), type: z.string() }),
});

/** Every operation of the format, by the word that names it in a file. */
export const operationSchemas = {
  create_table: CreateTable,
  drop_table: DropTable,
  rename_table: RenameTable,
  add_column: AddColumn,
  drop_column: DropColumn,
  alter_column: AlterColumn,
  rename_column: RenameColumn,
  create_index: CreateIndex,
  drop_index: DropIndex,
  sql: RawSql,
  create_constraint: CreateConstraint,
  drop_constraint: DropConstraint,
  drop_multicolumn_constraint: DropMultiColumnConstraint,
  rename_constraint: RenameConstraint,
  set_replica_identity: SetReplicaIdentity,
} as const;

export type OperationKind = keyof typeof operationSchemas;
/** The body of one operation of kind K. */
export type OperationOf<K extends OperationKind> = z.infer<(typeof operationSchemas)[K]>;
/** One operation with its kind, told apart by `kind`. */
export type Operation = { [K in OperationKind]: { kind: K; body: OperationOf<K> } }[OperationKind];

/** A migration read from a file. */
export interface MigrationFile {
  /** 1–63 bytes. */
  name: string;
  /** The version's own name, when the file gives one instead of the migration's. */
  versionSchema: string | null;
  operations: Operation[];
}
