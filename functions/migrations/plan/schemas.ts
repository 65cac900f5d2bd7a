import { z } from 'zod';
import { BlueGreenPlan } from '../blue-green/schemas.ts';
import { KeyColumn } from './key.ts';

/** A table of the target database, by its physical name. */
export const TableRef = z.strictObject({ schema: z.string(), name: z.string(), oid: z.int().nullable() });
export type TableRef = z.infer<typeof TableRef>;

/** A column and what it gets; `pointer`: where the file says so. */
const Written = z.strictObject({
  column: z.string(),
  expression: z.string(),
  pointer: z.string().optional(),
});

/**
 * Columns that say the same thing in two forms, and how to get from one to the other.
 * Expressions are bound to the row: every column reads `NEW."column"`.
 * `ups` fill the new side from the old, `downs` the old side from the new.
 */
export const DualWriteGroup = z.strictObject({
  id: z.string(),
  /** The migration it belongs to; groups of a table are ordered by `position`, oldest first. */
  migration: z.string(),
  position: z.int(),
  /** The version schema whose clients write the new side. */
  version: z.string(),
  /** Columns only the old version shows; in a group without downs: what the ups read. */
  old: z.array(z.string()),
  /** Columns both versions write and the expressions read. A change of these alone is told apart by the client's version. */
  shared: z.array(z.string()).optional(),
  new: z.array(z.strictObject({ column: z.string(), type: z.string() })),
  ups: z.array(Written),
  downs: z.array(Written),
  /** What new clients' rows must satisfy before the table itself enforces it: NOT NULL and CHECK, by the function. */
  guards: z.array(
    z.strictObject({
      constraint: z.string(),
      column: z.string().nullable(),
      code: z.enum(['23502', '23514']),
      expression: z.string(),
    }),
  ),
});
export type DualWriteGroup = z.infer<typeof DualWriteGroup>;

/** One statement; values are bound, identifiers are quoted already. */
export const Statement = z.strictObject({ sql: z.string(), values: z.array(z.json()).default([]) });
export type Statement = z.infer<typeof Statement>;

const step = {
  id: z.string(),
  purpose: z.string(),
  /** Only a constraint that holds of every row needs it: the id in `returning`; left out when that comes back NOT VALID. */
  whole: z.string().optional(),
};
/** The table is a partition that may have gone since the plan was made: then there is nothing to do. */
const part = z.boolean().optional();

/**
 * A unit the executor runs, recognises when it was run before, and records.
 * - transaction: short; all tables locked first by one LOCK TABLE in OID order under a budget; marker row inside.
 * - create_index: CREATE INDEX CONCURRENTLY, submitted and reattached; an INVALID leftover is dropped first.
 * - drop_index: DROP INDEX CONCURRENTLY IF EXISTS.
 * - validate: ALTER TABLE … VALIDATE CONSTRAINT, submitted and reattached.
 */
export const Step = z.discriminatedUnion('kind', [
  z.strictObject({
    ...step,
    kind: z.literal('transaction'),
    locks: z.array(TableRef),
    statements: z.array(Statement),
    /**
     * Groups to start (`group`) or end (`remove`: the group's id) in this transaction; the table's function is rebuilt.
     * Order inside the transaction: groups are removed, then the statements run, then groups are added, because
     * triggers cannot outlive the columns they read and cannot come before them.
     */
    dualWrites: z.array(
      z.discriminatedUnion('action', [
        z.strictObject({ action: z.literal('add'), table: TableRef, group: DualWriteGroup }),
        z.strictObject({ action: z.literal('remove'), table: TableRef, group: z.string() }),
      ]),
    ),
  }),
  z.strictObject({
    ...step,
    kind: z.literal('create_index'),
    table: TableRef,
    index: z.string(),
    sql: z.string(),
    unique: z.boolean(),
    part,
  }),
  z.strictObject({ ...step, kind: z.literal('drop_index'), schema: z.string(), index: z.string() }),
  z.strictObject({ ...step, kind: z.literal('validate'), table: TableRef, constraint: z.string(), part }),
]);
export type Step = z.infer<typeof Step>;

/** Fills the new columns of one table by key ranges. Expressions are bound to the table's physical columns, unqualified. */
export const Backfill = z.strictObject({
  id: z.string(),
  table: TableRef,
  key: z.array(KeyColumn).min(1),
  set: z.array(z.strictObject({ column: z.string(), type: z.string(), expression: z.string() })).min(1),
  /** True of a row that nobody has written in the new form yet. */
  unwritten: z.string(),
  estimatedRows: z.int(),
});
export type Backfill = z.infer<typeof Backfill>;

/** What must be true of every row of one table; predicates over physical columns, never null. */
export const Verification = z.strictObject({
  id: z.string(),
  table: TableRef,
  key: z.array(KeyColumn).min(1),
  /** Before publish: new = up(old). Volatile expressions: presence. */
  beforePublish: z.string(),
  /** After publish: new = up(old) or old = down(new); `true` where new clients may write what no expression derives. */
  afterPublish: z.string(),
  /** How a wrong row is repaired from its old form. Empty: cannot be repaired, only reported. */
  repair: z.array(z.strictObject({ column: z.string(), expression: z.string() })),
  estimatedRows: z.int(),
});
export type Verification = z.infer<typeof Verification>;

/** A question about data asked at validate: `sql` returns one row with `count`; more than 0 refuses the migration. */
export const DataCheck = z.strictObject({
  id: z.string(),
  /** Index of the operation in the file, from 0. */
  operation: z.int(),
  sql: z.string(),
  problem: z.string(),
  action: z.string(),
});
export type DataCheck = z.infer<typeof DataCheck>;

/** Rows that removal or undo would lose, copied to the backup first. */
export const RowBackup = z.strictObject({
  id: z.string(),
  table: TableRef,
  key: z.array(KeyColumn),
  columns: z.array(z.string()),
  /** Which rows: a predicate over physical columns. */
  where: z.string(),
});
export type RowBackup = z.infer<typeof RowBackup>;

/** A constraint of the old side that undo gives back, and which rows of new clients it would refuse. */
export const ReturningConstraint = z.strictObject({
  id: z.string(),
  /** Its name; of NOT NULL the column with it. */
  constraint: z.string(),
  kind: z.enum(['not_null', 'check', 'foreign_key', 'unique']),
  table: TableRef,
  key: z.array(KeyColumn),
  columns: z.array(z.string()),
  /** True of the rows that break it: a predicate over physical columns. */
  where: z.string(),
  reason: z.string(),
});
export type ReturningConstraint = z.infer<typeof ReturningConstraint>;

/** Something the reader of the plan should know; `consent` ones must be consented to by name before start. */
export const Note = z.strictObject({
  code: z.string(),
  severity: z.enum(['info', 'warning', 'consent']),
  operation: z.int().nullable(),
  text: z.string(),
});
export type Note = z.infer<typeof Note>;

export const UndoClass = z.enum(['exact', 'lossy', 'none']);
export type UndoClass = z.infer<typeof UndoClass>;

/** A role that clients of the new version log in as: its path is the version, its rights are another role's. */
export const LoginRole = z.strictObject({
  role: z.string(),
  memberOf: z.string(),
  searchPath: z.array(z.string()),
});
export type LoginRole = z.infer<typeof LoginRole>;

/** A column that a load fills. */
export const LoadColumn = z.strictObject({
  name: z.string(),
  /** Of the target. */
  type: z.string(),
  /** The transformation gives this very type: no way through text is needed to compare. */
  same: z.boolean(),
  /** The source's database has the type, too. */
  shared: z.boolean(),
});
export type LoadColumn = z.infer<typeof LoadColumn>;

/** Rows of one source table, transformed, into one target table. */
export const Load = z.strictObject({
  id: z.string(),
  from: TableRef,
  /** The source is walked along it. */
  key: z.array(KeyColumn).min(1),
  to: TableRef,
  /** Of the target: what makes a second load of a row the same row. */
  toKey: z.array(KeyColumn).min(1),
  columns: z.array(LoadColumn).min(1),
  transform: z.discriminatedUnion('kind', [
    /** A SELECT over `source`. */
    z.strictObject({ kind: z.literal('sql'), sql: z.string() }),
    z.strictObject({ kind: z.literal('jsonata'), expression: z.string() }),
    z.strictObject({ kind: z.literal('module'), path: z.string() }),
  ]),
  /** Source columns that a JSON number cannot hold: transformations outside the database get them as text. */
  asText: z.array(z.string()),
  /** Target columns that refer to rows which come later: null until every row is there. */
  deferred: z.array(z.string()),
  /** Only rows changed since; `since` null: all of them. */
  watermark: z
    .strictObject({ column: z.string(), type: z.string(), since: z.string().nullable(), overlap: z.string() })
    .nullable(),
  /** Text keys sort by the database's own rules, which two databases need not share. */
  bytewise: z.boolean(),
  /** Where the source cannot be asked by the target's key, or a table has several loads: what the keys they give are kept as. */
  remembered: z.string().optional(),
  /** Records to read. */
  estimatedRows: z.int(),
  /** What the transformation makes of them; absent in plans of before. */
  estimatedResult: z.strictObject({ rows: z.int(), bytes: z.int() }).optional(),
});
export type Load = z.infer<typeof Load>;

/** What a data migration copies. */
export const DataPlan = z.strictObject({
  source: z.strictObject({ databaseId: z.string(), name: z.string(), schema: z.string() }),
  loads: z.array(Load).min(1),
  /** Ids of loads, one level after the other: what is referred to comes first. */
  levels: z.array(z.array(z.string())),
  /** Ids of loads whose deferred columns are filled after all levels. */
  relations: z.array(z.string()),
  incremental: z.boolean(),
  /** With more refused records than this it pauses. */
  mostErrors: z.int(),
});
export type DataPlan = z.infer<typeof DataPlan>;

/** The whole migration, decided before anything runs. Its hash is what an approver approves. */
export const Plan = z.strictObject({
  formatVersion: z.literal(1),
  /** The migration's name (its file's name): 1–63 bytes. */
  name: z.string(),
  schema: z.string(),
  /** The version schema created at publish. */
  versionSchema: z.string(),
  /** Version schema whose clients are the old clients, or null: the plain tables. */
  previousVersion: z.string().nullable(),
  operations: z.array(
    z.strictObject({ kind: z.string(), summary: z.string(), undo: UndoClass, undoReason: z.string() }),
  ),
  tables: z.array(
    z.strictObject({
      table: TableRef,
      estimatedRows: z.int(),
      bytes: z.int(),
      triggers: z.array(z.string()),
    }),
  ),
  /** What it will add on the database's disk, by table; WAL is written, and taken away again. Estimates, bytes. */
  room: z
    .array(
      z.strictObject({
        table: TableRef,
        columns: z.int(),
        /** Rows that are loaded. */
        rows: z.int().default(0),
        rowVersions: z.int(),
        indexes: z.int(),
        wal: z.int(),
      }),
    )
    .optional(),
  risk: z.strictObject({ level: z.enum(['low', 'medium', 'high']), reasons: z.array(z.string()) }),
  undo: UndoClass,
  notes: z.array(Note),
  checks: z.array(DataCheck),
  /** Rights the role needs, checked before anything runs. */
  rights: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('owner'), table: TableRef }),
      z.strictObject({ kind: z.literal('create_in_schema'), schema: z.string() }),
      z.strictObject({ kind: z.literal('create_in_database') }),
      z.strictObject({ kind: z.literal('bypass_rls'), table: TableRef }),
      z.strictObject({ kind: z.literal('references'), table: TableRef }),
      z.strictObject({ kind: z.literal('privileges'), table: TableRef, privileges: z.array(z.string()) }),
      /** On the sequences that number rows: those of `columns`, which are filled, go on after the greatest of them. */
      z.strictObject({ kind: z.literal('sequences'), table: TableRef, columns: z.array(z.string()) }),
      z.strictObject({ kind: z.literal('create_role') }),
      z.strictObject({ kind: z.literal('grant_role'), role: z.string() }),
    ]),
  ),
  /** Operation `sql` may run anything: its statements go here so that a reader sees them. */
  expand: z.array(Step),
  backfill: z.array(Backfill),
  index: z.array(Step),
  constrain: z.array(Step),
  verify: z.array(Verification),
  publish: z.array(Step),
  contract: z.array(Step),
  /** Reverts whatever phases ran before completion; every statement tolerates that its object was never made. */
  rollback: z.array(Step),
  /** Re-adds what the soft contract relaxed; run before `rollback` when undoing after completion. */
  undoContract: z.array(Step),
  /** What of it rows may refuse, asked before anything returns. */
  returning: z.array(ReturningConstraint).default([]),
  /** What undo would lose, listed and counted before a decision. */
  undoLosses: z.array(RowBackup),
  removalBackups: z.array(RowBackup),
  removal: z.array(Step),
  /** Made at publish, outside the steps, because its password is in no plan. */
  login: LoginRole.optional(),
  /** Of a data migration: it copies rows, and every list of steps before the removal is empty. */
  data: DataPlan.optional(),
  /** The schema moves to another database; every list of steps above is empty then. */
  blueGreen: BlueGreenPlan.optional(),
});
export type Plan = z.infer<typeof Plan>;
