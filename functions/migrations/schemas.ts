import { z } from 'zod';
import { pageOf, pageQuery } from '#platform/page.ts';
import { MigrationAlert } from './alerts/state.ts';
import { BlueGreenState } from './blue-green/schemas.ts';
import { DatabaseRef, SchemaName } from './databases/schemas.ts';
import { ShownReading } from './monitoring/metrics.ts';
import { Forecast } from './plan/forecast.ts';
import { Note, Plan, UndoClass } from './plan/schemas.ts';
import { RollbackStrategy } from './plan/strategies.ts';
import { TimeWindow } from './schedule/windows.ts';
import { ValidationLevel } from './validation-level.ts';

/** What a migration changes: the schema, or rows that it copies. */
export const MigrationKind = z.enum(['schema', 'data']);
export type MigrationKind = z.infer<typeof MigrationKind>;

/** Where a migration stands, as its reader sees it. */
export const MigrationStatus = z.enum([
  'planning',
  'planned',
  'rejected',
  'scheduled',
  'running',
  'waiting_for_approval',
  'paused',
  'soaking',
  'completed',
  'rolling_back',
  'rolled_back',
  'undoing',
  'waiting_for_decision',
  'undone',
  'removing',
  'removed',
  'failed',
  'cancelled',
]);
export type MigrationStatus = z.infer<typeof MigrationStatus>;

/** What is being done, in the order of the workflow; the last six belong to rollback, undo and removal. */
export const Phase = z.enum([
  'plan',
  'validate',
  'approve',
  'lock',
  'back_up_definitions',
  'expand',
  'load',
  'relate',
  'backfill',
  'index',
  'constrain',
  'verify',
  'publish',
  'soak',
  'verify_published',
  'contract',
  'copy',
  'follow',
  'switch',
  'complete',
  'count_losses',
  'back_up_rows',
  'restore_constraints',
  'back_up_lost_rows',
  'revert',
  'remove',
  'switch_back',
]);
export type Phase = z.infer<typeof Phase>;

export const MigrationId = z.string().regex(/^mig_[A-Za-z0-9]{1,40}$/, 'expected an id such as mig_0f6e12ab');
const Time = z.iso.datetime();

const daySeconds = 86_400;

export const MigrationOptions = z
  .strictObject({
    soakSeconds: z
      .int()
      .min(0)
      .max(30 * daySeconds)
      .default(600)
      .describe('How long both versions are in use before the soft contract, s; complete ends it early'),
    undoWindowSeconds: z
      .int()
      .min(0)
      .max(365 * daySeconds)
      .default(7 * daySeconds)
      .describe('How long after completion undo stays possible, s'),
    keepBackupsSeconds: z
      .int()
      .min(daySeconds)
      .max(3_650 * daySeconds)
      .optional()
      .describe('How long row backups are kept, s; until somebody deletes them when absent'),
    backUpRows: z
      .boolean()
      .optional()
      .describe(
        'Back up every row of the tables in change before anything is changed: what the way back to_backup restores',
      ),
    ranges: z
      .int()
      .min(1)
      .max(40)
      .optional()
      .describe(
        'Key ranges a table is split into; when absent one per 5,000,000 rows, with a concurrency above 1 one per 250,000',
      ),
    concurrency: z
      .int()
      .min(1)
      .max(40)
      .default(1)
      .describe(
        'Most ranges worked on at the same time: to fill, another begins only where the others leave room',
      ),
    pacing: z
      .strictObject({
        probe: z
          .string()
          .min(1)
          .max(4_000)
          .optional()
          .describe('A query whose latency stands for that of the application, in place of reads by key'),
        p99LimitMs: z
          .number()
          .min(0.1)
          .max(60_000)
          .optional()
          .describe(
            "The probe's p99 is kept below this, ms; twice what it is without the backfill when absent",
          ),
        replicationLagLimitMs: z
          .int()
          .min(1)
          .max(3_600_000)
          .optional()
          .describe('The slowest replica is kept nearer than this, ms; 2,000 when absent'),
        metric: z
          .strictObject({
            query: z.string().min(1).max(4_000).describe('Gives one row with one number'),
            limit: z.number().positive().max(1e15).describe('The number is kept below this, in its own unit'),
          })
          .optional()
          .describe('A number of your own that the backfill must not drive up: a queue, active sessions'),
      })
      .optional()
      .describe('What the pace of the backfill follows'),
    diskFreeBytes: z
      .int()
      .min(0)
      .optional()
      .describe("What is free on the database's disk: a migration that needs more is not started"),
    loginRole: SchemaName.optional().describe(
      'A role of the old clients: publish makes a login role of the new version with its rights and the search_path',
    ),
    allViews: z
      .boolean()
      .optional()
      .describe('Views of every table, for clients whose search_path is the version schema alone'),
    validationLevel: ValidationLevel.default('full').describe(
      'How rows are verified: basic a sample; full every row; strict every row, twice after publish, and nothing is accepted that cannot be verified',
    ),
    requireApproval: z.boolean().default(false).describe('Ask for approval even where nothing demands it'),
  })
  .meta({ id: 'MigrationOptions' });
export type MigrationOptions = z.infer<typeof MigrationOptions>;

/** What stands in the way of a migration. */
export const FoundProblem = z.strictObject({ code: z.string(), problem: z.string(), action: z.string() });

export const PlanSummary = z
  .strictObject({
    hash: z.string(),
    versionSchema: z.string(),
    previousVersion: z.string().nullable(),
    risk: z.strictObject({ level: z.enum(['low', 'medium', 'high']), reasons: z.array(z.string()) }),
    undo: UndoClass,
    notes: z.array(Note),
    operations: z.array(
      z.strictObject({
        kind: z.string(),
        summary: z.string(),
        undo: UndoClass,
        undoReason: z.string().default('').describe('Why: what cannot return, where something cannot'),
      }),
    ),
    tables: z.array(z.strictObject({ name: z.string(), estimatedRows: z.int() })),
    findings: z
      .array(FoundProblem)
      .default([])
      .describe('What stood in the way when it was planned; start looks again'),
  })
  .meta({ id: 'PlanSummary' });
export type PlanSummary = z.infer<typeof PlanSummary>;

export const PhaseRun = z.strictObject({
  name: Phase,
  startedAt: Time,
  endedAt: Time.nullable(),
  epoch: z.int().describe('Of the execution that ran it'),
});
export type PhaseRun = z.infer<typeof PhaseRun>;

export const MigrationFailure = z
  .strictObject({
    name: z.string(),
    message: z.string(),
    action: z.string().nullable(),
    phase: Phase.nullable(),
    at: Time,
    retries: z
      .int()
      .nullable()
      .optional()
      .describe('How often its state was tried again; null when that is not known'),
    evidence: z.record(z.string(), z.json()),
  })
  .meta({ id: 'MigrationFailure' });
export type MigrationFailure = z.infer<typeof MigrationFailure>;

/** When a row backup was made. */
export const BackupPurpose = z
  .enum(['before', 'undo', 'revert', 'overwritten', 'removal'])
  .describe(
    'Before anything was changed; before the decision on an undo; before rollback or undo took them; as they were when to_backup wrote over them; before removal',
  );
export type BackupPurpose = z.infer<typeof BackupPurpose>;

/** How a migration is taken back, and what becomes of the rows. */
export const WayBack = z
  .strictObject({
    strategy: RollbackStrategy,
    writtenSince: z.string().describe('What happens to data written since the migration began'),
    overwriting: z
      .enum(['undecided', 'accepted', 'declined'])
      .default('undecided')
      .describe(
        'to_backup: whether rows may be overwritten, once they were counted; declined: they stay as revert leaves them',
      ),
    kept: z
      .array(
        z.strictObject({
          table: z.string(),
          into: z.strictObject({ schema: z.string(), table: z.string() }),
          key: z.array(z.string()).describe('Of the rows there'),
          columns: z.array(z.string()),
          rows: z.int().nullable().describe('Null until they were copied'),
        }),
      )
      .describe('schema_only: where the data of the new form stays'),
    restored: z
      .array(
        z.strictObject({
          table: z.string(),
          backup: z.string().describe('Id of the backup that was taken before the change'),
          rows: z.int().describe('It holds'),
          expected: z
            .strictObject({
              overwritten: z.int(),
              broughtBack: z.int(),
              basis: z
                .enum(['counted', 'estimated'])
                .describe('counted: every row was compared; estimated: as many as the time allowed'),
            })
            .nullable()
            .default(null)
            .describe('What it would do to the rows of that moment; null when nobody had to be asked'),
          overwritten: z.int().nullable().describe('Rows that got their old values; null until they did'),
          broughtBack: z.int().nullable().describe('Rows deleted since that came back'),
          refused: z
            .int()
            .nullable()
            .describe('Rows that the table did not take: they are in the backup only'),
          sample: z.array(z.array(z.string())).describe('Keys of the first refused, at most 10'),
          reason: z.string().nullable().describe('What the database said of the last refused'),
        }),
      )
      .describe('to_backup: the tables whose rows are restored'),
  })
  .meta({ id: 'WayBack' });
export type WayBack = z.infer<typeof WayBack>;

/** Something the caller can do next, as an HTTP call and as a command. */
export const NextAction = z
  .strictObject({ method: z.string(), path: z.string(), command: z.string(), why: z.string() })
  .meta({ id: 'NextAction' });
export type NextAction = z.infer<typeof NextAction>;

const RangeProgress = z.strictObject({
  table: z.string(),
  rowsDone: z.int(),
  rowsTotal: z.int(),
  ranges: z.int(),
  rangesDone: z.int(),
});

export const Progress = z
  .strictObject({
    rowsDone: z.int(),
    rowsTotal: z.int().describe('Estimated until the end is seen'),
    rowsWritten: z.int(),
    rowsPerSecond: z.number(),
    secondsLeft: z.number().nullable(),
    chunks: z.int(),
    perTable: z.array(RangeProgress),
  })
  .meta({ id: 'Progress' });
export type Progress = z.infer<typeof Progress>;

/** One person's approval of a plan. */
export const Approved = z.strictObject({ by: z.string(), at: Time, comment: z.string().nullable() });
/** Someone went past approvals and windows in an emergency. */
export const GlassBroken = z
  .strictObject({ by: z.string(), at: Time, reason: z.string(), action: z.enum(['start', 'approve']) })
  .meta({ id: 'GlassBroken' });
export const Migration = z
  .strictObject({
    id: MigrationId,
    kind: MigrationKind,
    name: z.string(),
    database: z.strictObject({ id: z.string(), name: z.string() }),
    schema: z.string(),
    status: MigrationStatus,
    phase: Phase.nullable(),
    phases: z.array(PhaseRun),
    createdAt: Time,
    createdBy: z.string(),
    updatedAt: Time,
    fileName: z.string(),
    options: MigrationOptions,
    consents: z.array(z.string()),
    plan: PlanSummary.nullable().describe('Null while planning, and when no plan could be made'),
    versionSchema: z.string().nullable().describe('The schema of views for new clients, from publish on'),
    clientPath: z
      .string()
      .nullable()
      .describe("What new clients set as their search_path, e.g. 'shop_v2, public'"),
    login: z
      .strictObject({ role: z.string(), memberOf: z.string(), secretArn: z.string() })
      .nullable()
      .describe('The login role of the new version, from publish on; its password is in the secret only'),
    progress: Progress,
    locks: z.strictObject({
      longestWaitMs: z.number(),
      longestHoldMs: z.number(),
      attempts: z.int(),
    }),
    probe: z.strictObject({
      baselineP99Ms: z.number().nullable(),
      p99Ms: z.number().nullable(),
    }),
    pace: z.strictObject({ chunkRows: z.int(), pauseMs: z.number() }).nullable(),
    metrics: z
      .array(ShownReading)
      .describe('What is measured of it now; what says nothing in this phase is left out'),
    alerts: z.array(MigrationAlert).describe('Rules that fire, or will unless it gets better'),
    verification: z.strictObject({
      rowsChecked: z.int(),
      wrong: z.int(),
      repaired: z.int(),
      passes: z.int(),
    }),
    refused: z
      .strictObject({
        records: z.int().describe('Refused now: listed under /errors, loaded again by redrive'),
      })
      .nullable()
      .describe('Of a data migration: records that were refused and wait apart'),
    unexpected: z
      .array(
        z.strictObject({
          table: z.string(),
          rows: z.int(),
          keys: z.array(z.array(z.string())).describe('Of the first of them, at most 100'),
        }),
      )
      .describe('Rows in the tables of a data migration that the source does not give; they are left alone'),
    approval: z
      .strictObject({
        decision: z.enum(['waiting', 'approved', 'rejected']),
        by: z.string().nullable(),
        at: Time.nullable(),
        comment: z.string().nullable(),
        needed: z.int().describe('How many people must approve the plan'),
        given: z.array(Approved).describe('Who has, the first first'),
        missing: z.int(),
        notCounted: z.array(z.string()).describe('Whose approval does not count, or counts already'),
      })
      .nullable(),
    breakGlass: z
      .array(GlassBroken)
      .describe('Who went past approvals and windows, and why; it stays with the migration'),
    losses: z
      .array(z.strictObject({ table: z.string(), columns: z.array(z.string()), rows: z.int() }))
      .nullable()
      .describe('What undo would lose, once counted'),
    cannotReturn: z
      .array(
        z.strictObject({
          constraint: z.string(),
          kind: z.enum(['not_null', 'check', 'foreign_key', 'unique']),
          table: z.string(),
          columns: z.array(z.string()),
          rows: z.int().describe('How many rows break it'),
          sample: z.array(z.array(z.string())).describe('Keys of the first of them, at most 10'),
          reason: z.string(),
          decision: z
            .enum(['waiting', 'not_valid'])
            .describe('not_valid: it comes back for new rows, and these stay as they are'),
        }),
      )
      .describe(
        'Constraints of the old version that rows of new clients refuse, as counted for the way back',
      ),
    wayBack: WayBack.nullable().describe('How it is or was taken back, once somebody asked for it'),
    backups: z
      .array(
        z.strictObject({
          id: z.string(),
          purpose: BackupPurpose,
          table: z.string(),
          rows: z.int(),
          bytes: z.int(),
          location: z.string().describe('Folder in the artifacts bucket; its manifest.json names every part'),
          at: Time,
        }),
      )
      .describe('Rows kept before they went away'),
    schedule: z
      .strictObject({ at: Time.nullable(), windows: z.array(TimeWindow) })
      .nullable()
      .describe('When it may start, and the hours of its backfill'),
    waitsUntil: Time.nullable().describe('It stands still until then: for its start, or for a window'),
    soakUntil: Time.nullable(),
    completedAt: Time.nullable(),
    removalAt: Time.nullable().describe('End of the undo window'),
    failure: MigrationFailure.nullable(),
    errors: z.array(MigrationFailure).describe('The last 20, newest first'),
    differences: z.array(z.string()).describe('Definitions that are not as before after a rollback or undo'),
    blueGreen: BlueGreenState.nullable().describe('Of a schema that moves to another database; else null'),
    next: z.array(NextAction),
    links: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Migration' });
export type Migration = z.infer<typeof Migration>;

/** A migration in a list: what a table on a screen shows. */
export const MigrationListItem = Migration.pick({
  id: true,
  kind: true,
  name: true,
  database: true,
  schema: true,
  status: true,
  phase: true,
  createdAt: true,
  createdBy: true,
  updatedAt: true,
  completedAt: true,
  removalAt: true,
  breakGlass: true,
}).meta({ id: 'MigrationListItem' });
export type MigrationListItem = z.infer<typeof MigrationListItem>;
export const MigrationPage = pageOf(MigrationListItem).meta({ id: 'MigrationPage' });

export const MigrationQuery = pageQuery.extend({
  database: DatabaseRef.optional(),
  status: MigrationStatus.optional(),
});

/** A migration file as a client sends it: at most 256 KiB of YAML or JSON. */
export const FileText = z
  .string({ error: 'Expected the text of the migration file, YAML or JSON, as one string' })
  .min(1)
  .max(262_144)
  .describe('The text of the migration file: YAML or JSON');

export const NewMigration = z
  .strictObject({
    database: DatabaseRef,
    schema: SchemaName.optional().describe("The database's own default when absent"),
    file: FileText,
    fileName: z.string().min(1).max(255).describe('Gives the migration its name, e.g. 01-split-name.yaml'),
    options: MigrationOptions.prefault({}),
    consents: z.array(z.string().max(100)).max(50).default([]),
  })
  .meta({ id: 'NewMigration' });
export type NewMigration = z.infer<typeof NewMigration>;

/** A migration that is only asked about, as the function that plans gets it. */
export const DryRun = z.strictObject({
  databaseId: z.string(),
  schema: SchemaName,
  file: z.string(),
  fileName: z.string(),
  options: MigrationOptions,
});
export type DryRun = z.infer<typeof DryRun>;

export const DryRunAnswer = z
  .strictObject({ hash: z.string(), findings: z.array(FoundProblem), plan: Plan, forecast: Forecast })
  .meta({ id: 'DryRun' });

export const EjectQuery = z.strictObject({
  to: z.enum(['complete', 'rollback', 'undo', 'removal']).describe('Where the script leads'),
});
export const EjectedScript = z
  .strictObject({ script: z.string().describe('For psql; runs without the platform') })
  .meta({ id: 'EjectedScript' });

export const MigrationEvent = z
  .strictObject({
    sequence: z.int(),
    at: Time,
    type: z.string(),
    actor: z.string().describe('Who did it: a subject, or `theseus`'),
    data: z.record(z.string(), z.json()),
  })
  .meta({ id: 'MigrationEvent' });
export type MigrationEvent = z.infer<typeof MigrationEvent>;
export const MigrationEventPage = pageOf(MigrationEvent).meta({ id: 'MigrationEventPage' });

/** What a state machine hands to every task: an id. Everything else is read from the record. */
export const TaskOfMigration = z.strictObject({ migrationId: MigrationId });
/** Behind the lock the epoch goes with it, so that what acts with old knowledge is refused. */
export const LockedTask = z.strictObject({ migrationId: MigrationId, epoch: z.int().min(1) });
export const WaitingTask = z.strictObject({ migrationId: MigrationId, taskToken: z.string().min(1) });

export const StepsOutput = z.strictObject({ status: z.enum(['done', 'running']) });
