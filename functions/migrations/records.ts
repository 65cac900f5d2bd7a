import { z } from 'zod';
import { BrokenGlass, GivenApproval } from './access/approvals.ts';
import { AlertState } from './alerts/state.ts';
import { BlueGreenState, newState } from './blue-green/schemas.ts';
import { Room } from './pacing/room.ts';
import { KeyColumn } from './plan/key.ts';
import { TimeWindow } from './schedule/windows.ts';
import {
  BackupPurpose,
  MigrationEvent,
  MigrationFailure,
  MigrationKind,
  MigrationOptions,
  MigrationStatus,
  type NewMigration,
  Phase,
  PhaseRun,
  PlanSummary,
  WayBack,
} from './schemas.ts';

// What is stored. Items are read leniently (unknown fields are kept out, new fields have defaults), so that
// this version reads what the one before wrote; `schemaVersion` changes only when that is not enough.

const Epoch = z.int().min(0);
const Ms = z.number();

/** The one execution that may act for a migration now. */
export const Execution = z.object({
  kind: z.enum(['migration', 'rollback', 'undo', 'removal']),
  /** Deterministic: started twice is started once. */
  name: z.string(),
  /** Null until StartExecution answered, or the execution said its own ARN. */
  arn: z.string().nullable(),
  attempt: z.int().min(1),
  /** Epoch ms. */
  startedAt: Ms,
});
export type Execution = z.infer<typeof Execution>;

/** Who asked for something that the workflow does at its next checkpoint. */
const Request = z.object({ by: z.string(), at: z.string(), comment: z.string().nullable() });

export const MigrationRecord = z.object({
  schemaVersion: z.literal(1),
  version: z.int(),
  id: z.string(),
  /** `data`: it copies rows, and no version of the schema comes of it. */
  kind: MigrationKind.default('schema'),
  name: z.string(),
  databaseId: z.string(),
  databaseName: z.string(),
  schema: z.string(),
  status: MigrationStatus,
  phase: Phase.nullable(),
  phases: z.array(PhaseRun),
  createdAt: z.string(),
  createdBy: z.string(),
  updatedAt: z.string(),
  fileName: z.string(),
  fileKey: z.string(),
  planKey: z.string().nullable(),
  plan: PlanSummary.nullable(),
  options: MigrationOptions,
  consents: z.array(z.string()),
  approval: z
    .object({
      decision: z.enum(['waiting', 'approved', 'rejected']),
      by: z.string().nullable(),
      at: z.string().nullable(),
      comment: z.string().nullable(),
    })
    .nullable(),
  /** Given to the plan that stands; `approval` is decided when they are as many as are needed. */
  approvals: z.array(GivenApproval).default([]),
  approvalsNeeded: z.int().default(1),
  breakGlass: z.array(BrokenGlass).default([]),
  execution: Execution.nullable(),
  /** Raised by every execution that takes over; also kept in the target database. */
  epoch: Epoch,
  lease: z.object({ owner: z.string(), epoch: Epoch, expiresAt: Ms }).nullable(),
  /** A rollback was asked for while the workflow ran. */
  cancel: Request.nullable(),
  /** An early end of the soak was asked for. */
  complete: Request.nullable(),
  schedule: z
    .object({
      at: z.string().nullable(),
      windows: z.array(TimeWindow),
      /** Someone resumed it before its time: it starts now. The backfill keeps to the windows. */
      startNow: z.boolean(),
    })
    .nullable()
    .default(null),
  /** It stands still until this time, for its start or a window. */
  waitsUntil: z.string().nullable().default(null),
  soakUntil: z.string().nullable(),
  publishedAt: z.string().nullable(),
  completedAt: z.string().nullable(),
  login: z.object({ role: z.string(), memberOf: z.string(), secretArn: z.string() }).optional(),
  removalAt: z.string().nullable(),
  definitionsKey: z.string().nullable(),
  undo: z
    .object({
      by: z.string(),
      acceptLosses: z.boolean(),
      decision: z.enum(['none', 'accepted', 'declined']),
      /** Constraints began to return: from here on the undo can only be finished. */
      restoring: z.boolean(),
      losses: z
        .array(
          z.object({
            backup: z.string(),
            table: z.string(),
            columns: z.array(z.string()),
            rows: z.int(),
          }),
        )
        .nullable(),
    })
    .nullable(),
  undoAttempts: z.int().default(0),
  /** Null: nobody asked for a way back, or it was declined. */
  wayBack: WayBack.nullable().default(null),
  /** Of a data migration: records that are refused now, and how many a person went on with. */
  openErrors: z.int().default(0),
  errorsAccepted: z.int().default(0),
  /** Constraints that rows refuse, on the way back of an undo or a rollback; null until they were counted. */
  returning: z
    .object({
      /** What a person said to those that are open. */
      decision: z.enum(['none', 'not_valid', 'retry']),
      refused: z.array(
        z.object({
          id: z.string(),
          constraint: z.string(),
          kind: z.enum(['not_null', 'check', 'foreign_key', 'unique']),
          table: z.string(),
          columns: z.array(z.string()),
          rows: z.int(),
          sample: z.array(z.array(z.string())),
          reason: z.string(),
          /** It was decided that it comes back without them. */
          notValid: z.boolean(),
        }),
      ),
    })
    .nullable()
    .default(null),
  removal: z.object({
    /** Epoch ms at which the reconciler starts the removal again; null: the schedule does. */
    retryAt: Ms.nullable(),
    attempts: z.int(),
    /** Something was dropped: undo is over. */
    begun: z.boolean(),
  }),
  failure: MigrationFailure.nullable(),
  differences: z.array(z.string()),
  /** What rules found, while it is not as it should be. */
  alerts: z.array(AlertState).default([]),
  /** Ended phases and executions that were told as spans; epoch ms until which those that could not be are tried again. */
  spans: z
    .object({ phases: z.int(), executions: z.int(), retryUntil: Ms.nullable() })
    .default({ phases: 0, executions: 0, retryUntil: null }),
  /** Its schema moves to another database (strategy blue_green); null: it is changed where it is. */
  blueGreen: BlueGreenState.nullable().default(null),
  /** Events that were not published yet; the sweeper moves them to items of their own. */
  outbox: z.array(MigrationEvent),
  nextSequence: z.int(),
});
export type MigrationRecord = z.infer<typeof MigrationRecord>;

/** The id and name of the connector that is deployed with the platform; it has no stored record. */
export const defaultConnectorId = 'default';

/** Where data-plane functions run and the role that may invoke them. */
export const ConnectorRecord = z.object({
  schemaVersion: z.literal(1),
  version: z.int(),
  id: z.string(),
  name: z.string(),
  region: z.string(),
  roleArn: z.string(),
  /** What the role's trust asks the API for; Step Functions sends its own. */
  externalId: z.string().nullable(),
  /** ARN of a published function version by the task's name in camelCase. */
  functions: z.record(z.string(), z.string()),
  /** Its removal began: no database may be added any more. */
  retiring: z.boolean().default(false),
  /** Null for the default connector, which comes and goes with the deployment. */
  createdAt: z.string().nullable(),
  createdBy: z.string().nullable(),
  updatedAt: z.string().nullable(),
});
export type ConnectorRecord = z.infer<typeof ConnectorRecord>;

export const DatabaseRecord = z.object({
  schemaVersion: z.literal(1),
  version: z.int(),
  id: z.string(),
  name: z.string(),
  engine: z.literal('postgresql'),
  schema: z.string(),
  secretArn: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  /** Null: the platform's own connector. */
  connector: z.object({ id: z.string(), name: z.string() }).nullable(),
  facts: z.object({ version: z.string(), database: z.string(), user: z.string() }).nullable(),
  /** Where its clients are to go: their schema moved there. Null: here. */
  servedBy: z.object({ id: z.string(), name: z.string() }).nullable().default(null),
  createdAt: z.string(),
  createdBy: z.string(),
});
export type DatabaseRecord = z.infer<typeof DatabaseRecord>;

/** A migration as it is first stored, before it is planned. `at` is an ISO time. */
export function newRecord({
  id,
  kind = 'schema',
  name,
  database,
  body,
  fileKey,
  by,
  at,
  target,
}: {
  id: string;
  kind?: MigrationKind;
  name: string;
  database: Pick<DatabaseRecord, 'id' | 'name' | 'schema'>;
  body: Pick<NewMigration, 'schema' | 'fileName' | 'options' | 'consents'>;
  fileKey: string;
  by: string;
  at: string;
  /** Where the schema moves to, if it does. */
  target?: { id: string; name: string } | undefined;
}): MigrationRecord {
  return {
    schemaVersion: 1,
    version: 1,
    id,
    kind,
    name,
    databaseId: database.id,
    databaseName: database.name,
    schema: body.schema ?? database.schema,
    status: 'planning',
    phase: null,
    phases: [],
    createdAt: at,
    createdBy: by,
    updatedAt: at,
    fileName: body.fileName,
    fileKey,
    planKey: null,
    plan: null,
    options: body.options,
    consents: body.consents,
    approval: null,
    approvals: [],
    approvalsNeeded: 1,
    breakGlass: [],
    execution: null,
    epoch: 0,
    lease: null,
    cancel: null,
    complete: null,
    schedule: null,
    waitsUntil: null,
    soakUntil: null,
    publishedAt: null,
    completedAt: null,
    removalAt: null,
    definitionsKey: null,
    undo: null,
    undoAttempts: 0,
    wayBack: null,
    openErrors: 0,
    errorsAccepted: 0,
    returning: null,
    removal: { retryAt: null, attempts: 0, begun: false },
    failure: null,
    differences: [],
    alerts: [],
    spans: { phases: 0, executions: 0, retryUntil: null },
    blueGreen: target === undefined ? null : newState(target),
    outbox: [{ sequence: 0, at, type: 'migration.created', actor: by, data: { fileName: body.fileName } }],
    nextSequence: 1,
  };
}

/** Constraints on the way back that rows refuse and nobody has decided on. */
export const openConstraints = ({ returning }: Pick<MigrationRecord, 'returning'>) =>
  (returning?.refused ?? []).filter(({ notValid }) => !notValid);

/** What goes through tables by key ranges. */
export const Stage = z.enum([
  'backfill',
  'load',
  'compare',
  'verify',
  'verify-published',
  'back-up-before',
  'back-up-undo',
  'back-up-revert',
  'back-up-overwritten',
  'back-up-removal',
]);
export type Stage = z.infer<typeof Stage>;

const Key = z.array(z.string()).nullable();

/** How the tables of one stage and pass were split; decided once, because two splits do not fit together. */
export const RangePlan = z.object({
  stage: Stage,
  pass: z.int(),
  ranges: z.array(
    z.object({
      work: z.string(),
      range: z.int(),
      table: z.string(),
      from: Key,
      to: Key,
      /** Share of the table's estimated rows. */
      estimatedRows: z.int(),
    }),
  ),
});
export type RangePlan = z.infer<typeof RangePlan>;

/** The checkpoint of one key range: everything a fresh invocation needs to go on. */
export const RangeRecord = z.object({
  stage: Stage,
  pass: z.int(),
  work: z.string(),
  range: z.int(),
  table: z.string(),
  status: z.enum(['working', 'done']),
  epoch: Epoch,
  last: Key,
  rowsSeen: z.int(),
  rowsWritten: z.int(),
  chunks: z.int(),
  lockWaits: z.int(),
  wrong: z.int(),
  repaired: z.int(),
  /** Of a load: records that were refused; of a comparison: keys of rows that somebody else wrote, and how many. */
  errors: z.int().default(0),
  unexpected: z.array(z.array(z.string())).default([]),
  unexpectedRows: z.int().default(0),
  sample: z.array(z.array(z.string())),
  baselineP99Ms: Ms.nullable(),
  probeP99Ms: Ms.nullable(),
  pace: z.object({ chunkRows: z.int(), pauseMs: z.number() }).nullable(),
  rowsPerSecond: z.number(),
  /** What its worker saw and took at the last checkpoint; null: not told. */
  replicationLagMs: Ms.nullable().default(null),
  connections: z.int().nullable().default(null),
  memoryBytes: z.number().nullable().default(null),
  /** The longest that one of its chunks held rows; null: not told. */
  longestChunkMs: Ms.nullable().default(null),
  /** What it leaves to other ranges; `waiting`: it waits for others to leave some itself. */
  room: z
    .enum([...Room.options, 'waiting'])
    .nullable()
    .default(null),
  /** Epoch ms. */
  updatedAt: Ms,
});
export type RangeRecord = z.infer<typeof RangeRecord>;

/** Figures of one step that ran. */
export const StepRecord = z.object({
  phase: Phase,
  step: z.string(),
  purpose: z.string(),
  status: z.enum(['done', 'running']),
  lockWaitMs: Ms,
  lockHoldMs: Ms,
  attempts: z.int(),
  durationMs: Ms,
  progress: z.number().nullable(),
  at: z.string(),
});
export type StepRecord = z.infer<typeof StepRecord>;

/** A state that waits for a person: its task token, by what it waits for. */
export const TokenRecord = z.object({ waitsFor: z.string(), token: z.string(), at: z.string() });
export type TokenRecord = z.infer<typeof TokenRecord>;

/** One stored object of a backup: the rows of one key range. */
export const BackupPartRecord = z.object({
  part: z.int(),
  key: z.string(),
  rows: z.int(),
  bytes: z.int(),
  sha256: z.string(),
});
export type BackupPartRecord = z.infer<typeof BackupPartRecord>;

/** Rows kept before they go away: the manifest in the bucket has parts, counts and checksums. */
export const BackupRecord = z.object({
  purpose: BackupPurpose,
  backup: z.string(),
  table: z.string(),
  /** Folder in the artifacts bucket. */
  location: z.string(),
  rows: z.int(),
  bytes: z.int(),
  parts: z.int(),
  at: z.string(),
  version: z.int().default(0),
  /** Of every row, in order; backups of earlier versions lack them here. */
  columns: z.array(z.string()).default([]),
  key: z.array(KeyColumn).default([]),
  /** Its rows are deleted from then on; null: somebody has to. */
  keptUntil: z.string().nullable().default(null),
  /** What the last reading of every part found; null before the first. */
  verified: z.object({ at: z.string(), damage: z.string().nullable() }).nullable().default(null),
  /** `done`: no row of it is left. The record stays and says who and why. */
  deletion: z
    .object({ by: z.string(), at: z.string(), reason: z.string(), done: z.boolean() })
    .nullable()
    .default(null),
});
export type BackupRecord = z.infer<typeof BackupRecord>;
