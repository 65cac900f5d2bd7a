import type { Readable } from 'node:stream';
import type { Described } from '../data/plan.ts';
import type { AppliedMigration, ImportTool } from '../import/schemas.ts';
import type { Room } from '../pacing/room.ts';
import type {
  Backfill,
  Load,
  LoginRole,
  Plan,
  RowBackup,
  Step,
  TableRef,
  Verification,
} from '../plan/schemas.ts';

import type { Snapshot } from '../plan/snapshot.ts';
import type { SchemaShape } from '../registry/shape.ts';

/** Where a script leads: on to the end, back before completion or after it (undo), or to the end of undo. */
export type EjectGoal = 'complete' | 'rollback' | 'undo' | 'removal';

/** What differs between engines; a migration that needs a missing feature is refused at plan. */
export type Feature =
  | 'version_schemas'
  | 'dual_write'
  | 'transactional_ddl'
  | 'concurrent_index'
  | 'row_backup';

/** Who may write: the epoch is kept in the target too, and every transaction of the engine checks it. */
export interface Fence {
  /** Migration id. */
  migration: string;
  epoch: number;
}

export interface DatabaseFacts {
  engine: string;
  /** For example `18.4`. */
  version: string;
  database: string;
  user: string;
  readOnly: boolean;
  /** A pooler in transaction mode stands between: refused. */
  pooled: boolean;
  /** Whether the role may lower deadlock_timeout. */
  canSetDeadlockTimeout: boolean;
}

/** A finding of validate: empty list means that the migration may start. */
export interface Finding {
  code: string;
  problem: string;
  action: string;
}

export interface StepResult {
  /** `running`: a long statement goes on in the database; call again. */
  status: 'done' | 'running';
  /** The step was found done by an earlier run. */
  already: boolean;
  /** Longest wait for and hold of locks, ms. */
  lockWaitMs: number;
  lockHoldMs: number;
  attempts: number;
  durationMs: number;
  /** 0–1 where the server reports progress of a long statement. */
  progress: number | null;
}

/** A key range: exclusive lower, inclusive upper bound; null is open. Values are the key's text form. */
export interface KeyRange {
  from: string[] | null;
  to: string[] | null;
}

/** Rows by their keys, in text form: some of them, or all between two, which are included. */
export interface ChosenRows {
  key: Backfill['key'];
  keys?: string[][] | undefined;
  from?: string[] | undefined;
  to?: string[] | undefined;
}

/** Rows of a backup that go back into the table they came from. */
export interface StagedRows {
  /** Of the backup: tells the tables of one migration apart. */
  id: string;
  table: TableRef;
  key: Backfill['key'];
  columns: { name: string; type: string }[];
}

/** How rows of a backup differ from those of their table. */
export interface ChangedRows {
  /** Rows that hold other values now. */
  overwritten: number;
  /** Rows that are gone. */
  broughtBack: number;
}

/** What became of staged rows. */
export interface RestoredCounts {
  status: 'done' | 'running';
  /** Rows whose values became those of the backup, and rows that were gone and came back. */
  overwritten: number;
  broughtBack: number;
  /** Rows that the table did not take, the keys of the first, at most 10, and what it said last. */
  refused: number;
  sample: string[][];
  reason: string | null;
}

/** Columns of a table that are copied into one of their own. */
export interface KeptRows {
  table: TableRef;
  into: TableRef;
  /** Empty: the table's primary key, where it has one. */
  key: Backfill['key'];
  /** With the names they have there. The key's keep theirs. */
  columns: { name: string; physical: string }[];
  comment: string;
}

/** Appends COPY text rows. Returns how many there were, and how many of them were kept. */
export type AppendRows = (rows: AsyncIterable<Buffer>) => Promise<{ read: number; kept: number }>;

export interface Pace {
  /** Rows a chunk. */
  chunkRows: number;
  /** Pause between chunks, ms. */
  pauseMs: number;
}

export interface ValidateOptions extends RunOptions {
  pacing?: Pacing | undefined;
  /** What is free on the database's disk; unknown where absent. */
  diskFreeBytes?: number | undefined;
}

/** Demands on the pace of a backfill, in place of what is usual. */
export interface Pacing {
  /** Read over and over in place of rows by key: its latency stands for the application's. */
  probe?: string | undefined;
  /** The probe's p99 is kept below this, ms, whatever it is without the backfill. */
  p99LimitMs?: number | undefined;
  /** The slowest replica is kept nearer than this, ms. */
  replicationLagLimitMs?: number | undefined;
  /** The number that `query` gives is kept below `limit`. */
  metric?: { query: string; limit: number } | undefined;
}

export interface BackfillProgress {
  /** Last key done, or null before the first chunk. */
  last: string[] | null;
  /** Rows passed over (seen) and rows written since the call began. */
  rowsSeen: number;
  rowsWritten: number;
  chunks: number;
  lockWaits: number;
  /** Live latency seen by the probe, p99 over the last window, ms; null until measured. */
  probeP99Ms: number | null;
  pace: Pace;
  /** The longest that one chunk held its rows, ms. */
  longestChunkMs: number;
  /** Of a load: records that were refused. */
  errors?: number;
  /** The probe's p99 before the first chunk, ms: store it, and give it to every later call of the same backfill. */
  baselineP99Ms?: number | null;
  /** Lag of the slowest replica, ms; null: there is none, or it cannot be seen. */
  replicationLagMs: number | null;
  /** Sessions that this call has open. */
  connections: number;
  /** What it leaves to other ranges; null or absent: cannot be told. */
  room?: Room | null;
}

export interface VerifyResult {
  /** `more`: the deadline came first; go on from `last`. */
  status: 'done' | 'more';
  last: string[] | null;
  rowsChecked: number;
  wrong: number;
  repaired: number;
  /** Keys of the first wrong rows, at most 10. */
  sample: string[][];
}

/** Records of a source by its key; `only`: the one of this key; `without`: not those of these keys. */
export interface RecordRange extends KeyRange {
  only?: string[];
  without?: string[][];
}

/** A record that its transformation or the target refused. */
export interface Refused {
  key: string[];
  /** As JSON; null: it could not be read. */
  record: string | null;
  error: Record<string, string>;
}

export interface RecordError {
  /** Grows with every new one. */
  number: number;
  load: string;
  from: string;
  to: string;
  key: string[];
  record: string | null;
  error: Record<string, string>;
  attempts: number;
  at: string;
}

/** What a record becomes outside of the database: rows by the names of their columns, each value as text. */
export type Transform = (
  record: Record<string, unknown>,
) => Promise<{ rows: Record<string, string | null>[] } | { error: Record<string, string> }>;

/** Rows of a range: their number, and sums in which their order has no part. */
export interface Checksum {
  rows: number;
  sums: string;
}

/** One row: its key and a hash of its text. */
export interface RowHash {
  key: string[];
  hash: string;
}

/** Rows by the target's key, on one of the two sides. */
export interface RowSide {
  checksum(range: KeyRange): Promise<Checksum>;
  /** At most `limit` rows, in no order. */
  hashes(range: KeyRange, limit: number): Promise<RowHash[]>;
  /** The key at which the first `rows` rows of a range end; null: there are fewer. */
  keyAfter(range: KeyRange, rows: number): Promise<string[] | null>;
}

export interface SourceSide extends RowSide {
  /** The transformed rows of these keys of the target, as a JSON array. */
  rowsOf(keys: string[][]): Promise<string>;
}

export interface Page {
  /** Records read; fewer than asked for: the range is at its end. */
  seen: number;
  last: string[] | null;
  /** Transformed rows, a JSON array. */
  rows: string;
  refused: Refused[];
}

/** The source's side of a load, open until it is closed. */
export interface RowSource {
  /** The next records of a range, transformed. */
  page(range: RecordRange, limit: number): Promise<Page>;
  keys(range: RecordRange, limit: number): Promise<string[][]>;
  /** The first record of a range as JSON. */
  record(range: RecordRange): Promise<string | null>;
  /** What the transformation gives, by the target's key; only where it is in SQL. `without`: keys of records left out. */
  byTargetKey(without: string[][]): SourceSide;
  /** The greatest value of the load's watermark column; null without rows, or without a watermark. */
  watermark(): Promise<string | null>;
  close(): Promise<void>;
}

export interface CompareResult {
  /** `more`: the deadline came first; go on from `last`. */
  status: 'done' | 'more';
  last: string[] | null;
  rowsChecked: number;
  wrong: number;
  repaired: number;
  /** Records that were refused on the way. */
  errors: number;
  /** Keys of the first wrong rows, at most 10. */
  sample: string[][];
  /** Keys of rows that nobody of this migration wrote, at most 100, and how many there are. */
  unexpected: string[][];
  unexpectedRows: number;
}

export interface RunOptions {
  signal: AbortSignal;
  /** Epoch ms at which to return `running`/`more` instead of going on. */
  until: number;
}

/**
 * One open target database. Every method may be called again after having been cut off anywhere: the second call
 * finishes the work of the first. Methods that write throw FenceLost when a newer epoch holds the fence.
 */
export interface Engine {
  readonly name: 'postgresql';
  readonly features: ReadonlySet<Feature>;
  inspect(): Promise<DatabaseFacts>;
  /** With `functions` volatile functions of other names are left out. */
  snapshot(schema: string, functions?: ReadonlySet<string>): Promise<Snapshot>;
  /** Everything that a version of a schema is made of, as clients of its newest version see it. */
  shape(schema: string): Promise<SchemaShape>;
  /** What another tool's own table says was applied to a schema. Throws NotFound when there is no such table. */
  history(tool: ImportTool, schema: string): Promise<AppliedMigration[]>;
  /** The user's schemas whose names fit a LIKE pattern, in order, after this name; version schemas of ours are none. */
  listSchemas(like: string, after: string, limit: number): Promise<string[]>;
  /** Rights, data checks, room on the disk, the probe, poolers, read-only: changes nothing. */
  validate(plan: Plan, options: ValidateOptions): Promise<Finding[]>;
  /** Creates the control schema if missing and raises the fence to this epoch; waits for chunks in flight. */
  takeFence(fence: Fence, facts: { name: string; schema: string; phase: string }): Promise<void>;
  /** Records the phase beside the epoch (checked by every transaction). */
  setFencePhase(fence: Fence, phase: string): Promise<void>;
  releaseFence(fence: Fence): Promise<void>;
  runStep(step: Step, fence: Fence, options: RunOptions): Promise<StepResult>;
  /** Splits a table into at most `parts` ranges of about equal size, and counts nothing. */
  splitRanges(table: TableRef, key: Backfill['key'], parts: number): Promise<KeyRange[]>;
  /** At most `spans` ranges of at most `rows` consecutive rows, spread over the table by its key. */
  sampleRanges(
    table: TableRef,
    key: Backfill['key'],
    sample: { spans: number; rows: number },
  ): Promise<KeyRange[]>;
  backfillRange(
    backfill: Backfill,
    range: KeyRange,
    from: string[] | null,
    fence: Fence,
    options: RunOptions & {
      pace: Pace;
      /** As an earlier call's progress told it; without it the call measures for a second before it writes. */
      baselineP99Ms?: number | null;
      /** What the migration demands of its pace; the usual where it demands nothing. */
      pacing?: Pacing | undefined;
      /** Whether other ranges of the migration are at work now. */
      beside?: () => boolean;
      /** Called at most once a second and at the end; false stops the range after the current chunk (pause). */
      onProgress: (progress: BackfillProgress) => Promise<boolean>;
    },
  ): Promise<{ status: 'done' | 'more' | 'paused'; progress: BackfillProgress }>;
  verifyRange(
    verification: Verification,
    stage: 'beforePublish' | 'afterPublish',
    range: KeyRange,
    from: string[] | null,
    fence: Fence,
    options: RunOptions & { repair: boolean },
  ): Promise<VerifyResult>;
  /** DDL of the tables in change and their dependants, as JSON, to be kept before expand. */
  definitions(plan: Plan): Promise<Record<string, unknown>>;
  /** Keeps the plan in the target, so that the migration can be ended by hand with nothing but the database. */
  keepPlan(fence: Fence, plan: Plan): Promise<void>;
  /**
   * The rest of a migration as a script for the database's own client; reads only. `named` is an id or a name, null the
   * only one there is. Throws NotEjectable.
   */
  eject(named: string | null, goal: EjectGoal): Promise<string>;
  countRows(backup: RowBackup, options: RunOptions): Promise<number>;
  /** How many rows a predicate is true of, and the keys of the first of them, at most `most`. */
  findRows(
    rows: Pick<RowBackup, 'table' | 'key' | 'where'>,
    most: number,
    options: RunOptions,
  ): Promise<{ rows: number; sample: string[][] }>;
  /** COPY text rows of one range: the caller compresses and stores them. */
  exportRows(backup: RowBackup, range: KeyRange, options: RunOptions): Promise<Readable>;
  /** Makes the login role of a version, or gives the one that stands this password. Throws NameTaken. */
  makeLogin(login: LoginRole, password: string, fence: Fence): Promise<void>;
  /** The columns' types as SQL that means the same on any search_path. */
  columnTypes(table: TableRef, columns: string[]): Promise<string[]>;
  /**
   * Makes a table of these columns and fills it with what `fill` appends, whole or not at all; of the rows only those
   * `chosen`, where it is not null. Returns what `fill` does. Throws TableExists, SchemaNotFound.
   */
  restoreTable<T>(
    table: Pick<TableRef, 'schema' | 'name'>,
    columns: { name: string; type: string }[],
    chosen: ChosenRows | null,
    options: RunOptions,
    fill: (append: AppendRows) => Promise<T>,
  ): Promise<T>;
  /** Compares one part of a backup with its table as it stands, and leaves nothing of it in the database. */
  countChanged(
    staged: StagedRows,
    options: RunOptions,
    rows: () => AsyncIterable<Buffer>,
  ): Promise<ChangedRows>;
  /** Puts one part of a backup beside its table, once. `rows` is called when it is not there yet. */
  stageRows(
    staged: StagedRows,
    part: string,
    fence: Fence,
    options: RunOptions,
    rows: () => AsyncIterable<Buffer>,
  ): Promise<void>;
  /** Writes staged rows over their table; what they overwrite is put aside. */
  restoreStaged(
    staged: Omit<StagedRows, 'columns'> & { columns: string[] },
    fence: Fence,
    options: RunOptions,
  ): Promise<RestoredCounts>;
  /** Where what was overwritten lies, by the id of what was staged; null when there is nothing. */
  rowsAside(id: string, fence: Fence): Promise<TableRef | null>;
  /** Forgets what was staged and put aside. */
  dropStaged(id: string, fence: Fence): Promise<void>;
  /** Copies columns into a table of their own. */
  keepRows(
    kept: KeptRows,
    fence: Fence,
    options: RunOptions,
  ): Promise<{ status: 'done' | 'running'; rows: number; key: string[] }>;
  /**
   * What a SELECT over `source` gives, which of these types the database has, and how much is to be expected by its
   * statistics. Throws InvalidInput.
   */
  describeRows(
    table: TableRef,
    sql: string,
    types: string[],
    watermark: Load['watermark'],
  ): Promise<Described>;
  /** Whether a table has a row; false where the role may not see, which `validate` finds. */
  hasRows(table: TableRef): Promise<boolean>;
  /** Opens the source's side of a load; `transform` where that is not in SQL. */
  openRowSource(load: Load, transform: Transform | null): Promise<RowSource>;
  /** Makes what loads are kept in, and notes how far this run will have got. */
  prepareLoads(fence: Fence, name: string, schema: string, watermarks: Record<string, string>): Promise<void>;
  /** Loads a range of the source's records; `whole`: the columns too that refer to rows which came later. */
  loadRange(
    load: Load,
    source: RowSource,
    range: KeyRange,
    fence: Fence,
    options: Parameters<Engine['backfillRange']>[4] & { from: string[] | null; whole: boolean },
  ): Promise<{ status: 'done' | 'more' | 'paused'; progress: BackfillProgress }>;
  /** Lets numbers that the target gives itself go on after those that were loaded. */
  advanceSequences(load: Load): Promise<void>;
  /** Compares a range with the source and repairs it: by the target's key, or by the source's where its records go through the load again. */
  compareRange(
    load: Load,
    source: RowSource,
    range: KeyRange,
    fence: Fence,
    options: RunOptions & { from: string[] | null },
  ): Promise<CompareResult>;
  /** Names rows of a range of the target whose keys were never given by a load that remembers them. */
  findOthers(
    load: Load,
    range: KeyRange,
    fence: Fence,
    options: RunOptions & { from: string[] | null },
  ): Promise<CompareResult>;
  /** Where runs of a file ended, by load. */
  watermarks(name: string, schema: string): Promise<Map<string, string>>;
  /** The run is over: the next one goes on from here. */
  keepWatermarks(fence: Fence): Promise<void>;
  recordErrors(migration: string, after: number, limit: number): Promise<RecordError[]>;
  countRecordErrors(migration: string): Promise<number>;
  /** Loads refused records once more. Returns how many are off the list. */
  redriveRecords(load: Load, source: RowSource, keys: string[][], fence: Fence): Promise<number>;
  /** Takes back what was loaded, the last first. `running`: the deadline came first. */
  takeBackLoads(loads: Load[], fence: Fence, options: RunOptions): Promise<'done' | 'running'>;
  /** Forgets what could be taken back. */
  forgetLoads(loads: Load[], fence: Fence): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions {
  applicationName: string;
  /** What role and database have for defaults may be up to a minute old: for many targets of one database in a row. */
  recent?: boolean;
}

/** Opens an engine on a connection string. Throws DatabaseUnreachable, DatabaseRefused. */
export type OpenEngine = (connectionString: string, options: OpenOptions) => Promise<Engine>;
