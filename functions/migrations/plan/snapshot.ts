import { z } from 'zod';

/**
 * What introspection tells the planner about one schema of a target database.
 *
 * Every column has two names. `name` is what clients of the newest published version call it; `physical` is what
 * the base table calls it. They differ while an earlier migration is inside its undo window.
 */
export const Column = z.strictObject({
  name: z.string(),
  physical: z.string(),
  /** As PostgreSQL's format_type prints it, for example `numeric(10,2)`. */
  type: z.string(),
  notNull: z.boolean(),
  /** The default's SQL, or null. */
  default: z.string().nullable(),
  identity: z.boolean(),
  generated: z.boolean(),
  /** Of a generated column: the physical columns it is computed from. */
  computedFrom: z.array(z.string()).optional(),
  comment: z.string().nullable(),
});
export type Column = z.infer<typeof Column>;

/** Of something on a partitioned table: its part on one of the partitions, by that table's oid. */
const parts = z.array(z.strictObject({ table: z.int(), name: z.string() })).optional();

export const Index = z.strictObject({
  name: z.string(),
  /** Physical key columns in order; an expression element stands as null. */
  columns: z.array(z.string().nullable()),
  unique: z.boolean(),
  primary: z.boolean(),
  valid: z.boolean(),
  /** pg_get_indexdef. */
  definition: z.string(),
  /** The constraint this index stands behind, or null. */
  constraint: z.string().nullable(),
  parts,
});
export type Index = z.infer<typeof Index>;

export const Constraint = z.strictObject({
  name: z.string(),
  type: z.enum(['primary_key', 'unique', 'check', 'foreign_key', 'exclude', 'not_null']),
  /** Physical columns of this table. */
  columns: z.array(z.string()),
  /** pg_get_constraintdef. */
  definition: z.string(),
  validated: z.boolean(),
  /** For a foreign key: the table it points to. */
  references: z
    .strictObject({ schema: z.string(), table: z.string(), columns: z.array(z.string()) })
    .nullable(),
  /** Of a foreign key. */
  parts,
});
export type Constraint = z.infer<typeof Constraint>;

const Partition = z.strictObject({ schema: z.string(), name: z.string(), oid: z.int() });

export const Table = z.strictObject({
  name: z.string(),
  physical: z.string(),
  oid: z.int(),
  kind: z.enum(['table', 'partitioned', 'partition', 'foreign']),
  columns: z.array(Column),
  /** Of a partitioned table: the physical columns that decide a row's partition, on every level. */
  partitionKey: z.array(z.string()).optional(),
  /** An expression decides it, too. */
  keyExpression: z.boolean().optional(),
  /** The partitions that hold rows, and those between the table and them, the lowest first. */
  partitions: z.array(Partition).optional(),
  branches: z.array(Partition).optional(),
  /** Physical columns that stand but the newest published version does not show. */
  hiddenColumns: z.array(z.string()).optional(),
  /** The newest published version shows this table through a view of its own: the next version must too. */
  versioned: z.boolean().optional(),
  /** Physical columns of the primary key, or of the first unique key without nullable columns; empty if there is none. */
  key: z.array(z.string()),
  indexes: z.array(Index),
  constraints: z.array(Constraint),
  /** Foreign keys of other tables that point here. */
  referencedBy: z.array(
    z.strictObject({
      schema: z.string(),
      table: z.string(),
      oid: z.int(),
      constraint: z.string(),
      columns: z.array(z.string()),
      referencedColumns: z.array(z.string()),
      definition: z.string(),
    }),
  ),
  /** The user's own row triggers, in firing order. */
  triggers: z.array(z.strictObject({ name: z.string(), definition: z.string() })),
  /** Views and materialised views that read this table, outside version schemas. */
  dependants: z.array(z.strictObject({ schema: z.string(), name: z.string(), columns: z.array(z.string()) })),
  publications: z.array(z.string()),
  rowSecurity: z.boolean(),
  /** As ALTER TABLE … REPLICA IDENTITY takes it: DEFAULT, FULL, NOTHING or USING INDEX …; absent: DEFAULT. */
  replicaIdentity: z.string().optional(),
  owner: z.string(),
  grants: z.array(
    z.strictObject({
      grantee: z.string(),
      privileges: z.array(z.string()),
      columns: z.array(z.string()).nullable(),
    }),
  ),
  comment: z.string().nullable(),
  /** From pg_class.reltuples, or counted when never analysed and small; rows. */
  estimatedRows: z.int(),
  /** pg_total_relation_size, bytes. */
  bytes: z.int(),
  /** Of these, what stands out of line (TOAST). */
  toastBytes: z.int().optional(),
});
export type Table = z.infer<typeof Table>;

export const Snapshot = z.strictObject({
  /** server_version_num, for example 180004. */
  serverVersion: z.int(),
  schema: z.string(),
  tables: z.array(Table),
  /** Names of relations, types and indexes taken in the schema, for clashes. */
  takenNames: z.array(z.string()),
  /** Names of schemas that begin as those of this one's versions would. */
  schemas: z.array(z.string()),
  /** The newest published version schema that stands, or null: its clients are the old clients of the next migration. */
  currentVersion: z.string().nullable(),
  /** The login role of that version, if it has one. */
  currentLogin: z.string().nullable(),
  /** USAGE grants on the schema, copied to the version schema at publish. */
  schemaGrants: z.array(z.strictObject({ grantee: z.string(), privileges: z.array(z.string()) })),
  /** Function names that are volatile, as pg_proc knows them, lower case, unqualified; perhaps only those that the file could call. */
  volatileFunctions: z.array(z.string()),
  /** Slots that keep WAL of this database: its logical ones and the server's physical ones. */
  replicationSlots: z.array(z.string()),
  /** Servers and tools that stream WAL from this one now. */
  standbys: z.int(),
  /** Statements seen in pg_stat_statements that an added column would break (COPY, INSERT … SELECT *, …); empty if unreadable. */
  fragileStatements: z.array(z.strictObject({ query: z.string(), reason: z.string(), calls: z.int() })),
});
export type Snapshot = z.infer<typeof Snapshot>;
