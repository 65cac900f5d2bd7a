import { z } from 'zod';
import { pageOf, pageQuery } from '#platform/page.ts';
import { DatabaseRef, Labels } from '../databases/schemas.ts';
import { AskedStrategy, BreakGlassReason } from '../decisions/schemas.ts';
import {
  Approved,
  FileText,
  GlassBroken,
  MigrationFailure,
  MigrationId,
  MigrationOptions,
  NextAction,
  PlanSummary,
} from '../schemas.ts';

export const FleetId = z.string().regex(/^flt_[A-Za-z0-9]{1,40}$/, 'expected an id such as flt_0f6e12ab');

export const FleetStatus = z.enum([
  'planned',
  'running',
  'baking',
  'paused',
  'halted',
  'undoing',
  'completed',
  'undone',
  'cancelled',
  'failed',
]);
export type FleetStatus = z.infer<typeof FleetStatus>;

export const TargetStatus = z.enum([
  'pending',
  'running',
  'own_execution',
  'done',
  'failed',
  'excluded',
  'undone',
  'undo_failed',
]);
export type TargetStatus = z.infer<typeof TargetStatus>;

const schemaName = z.string().min(1).max(63);

export const FleetSelection = z.strictObject({
  databases: z.array(DatabaseRef).min(1).max(1_000).optional().describe('Databases by id or name'),
  labels: Labels.optional().describe('Databases that have all of these labels'),
  schemas: z
    .union([schemaName, z.array(schemaName).min(1).max(10_000)])
    .optional()
    .describe(
      "Schemas in each database: a LIKE pattern such as tenant\\_%, or a list; the database's own default when absent",
    ),
  exclude: z
    .array(
      z.strictObject({
        database: DatabaseRef.optional(),
        labels: Labels.optional(),
        schema: schemaName.optional(),
        reason: z.string().min(1).max(500),
      }),
    )
    .max(1_000)
    .default([])
    .describe('Targets left out: all that fit every field given'),
});
export type FleetSelection = z.infer<typeof FleetSelection>;

export const Halt = z.strictObject({
  canaryFailures: z.int().min(1).max(100_000).default(1).describe('Failed canaries that halt the fleet'),
  failures: z.int().min(1).max(100_000).optional().describe('Failed targets of a later wave that halt it'),
  percent: z.number().min(0.01).max(100).default(5).describe('The same as a share of the wave, %'),
});
export type Halt = z.infer<typeof Halt>;

export const FleetWaves = z.strictObject({
  canary: z
    .union([z.int().min(0).max(1_000), z.strictObject({ labels: Labels })])
    .default(1)
    .describe('Targets that go first: how many, or those in databases with these labels'),
  percent: z
    .array(z.number().min(0.01).max(100))
    .min(1)
    .max(20)
    .default([1, 10, 100])
    .refine((all) => all.every((one, at) => one > (all[at - 1] ?? 0)), 'expected rising shares')
    .refine((all) => all.at(-1) === 100, 'expected 100 as the last share')
    .describe('Share of all targets that is done after each wave, %'),
});
export type FleetWaves = z.infer<typeof FleetWaves>;

export const NewFleet = z
  .strictObject({
    file: FileText,
    fileName: z.string().min(1).max(255),
    targets: FleetSelection.refine(
      ({ databases, labels }) => databases !== undefined || labels !== undefined,
      { error: 'expected databases or labels', path: ['databases'] },
    ),
    waves: FleetWaves.prefault({}),
    halt: Halt.prefault({}),
    concurrency: z.int().min(1).max(100).default(2).describe('Batches of targets worked on at the same time'),
    bakeSeconds: z
      .int()
      .min(0)
      .max(30 * 86_400)
      .default(600)
      .describe('How long a wave is watched before the next begins, s; resume ends it early'),
    largeRows: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .default(100_000)
      .describe('Targets with more rows in change get an execution of their own'),
    options: MigrationOptions.prefault({}).describe('Of every target; its soak is the bake time of the wave'),
    consents: z.array(z.string().max(100)).max(50).default([]),
  })
  .meta({ id: 'NewFleet' });
export type NewFleet = z.infer<typeof NewFleet>;

export const Counts = z.strictObject({
  pending: z.int(),
  running: z.int(),
  done: z.int(),
  failed: z.int(),
  excluded: z.int(),
  undone: z.int(),
});
export type Counts = z.infer<typeof Counts>;

export const WaveReport = z.strictObject({
  name: z.string(),
  targets: z.int(),
  counts: Counts,
  p50Ms: z.number().nullable().describe('Of the targets done, ms'),
  p99Ms: z.number().nullable(),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
});
export type WaveReport = z.infer<typeof WaveReport>;

export const FailureGroup = z.strictObject({
  name: z.string(),
  targets: z.int(),
  message: z.string().describe('Of the first of them'),
  action: z.string().nullable(),
  examples: z.array(z.string()).describe('At most 5: database/schema'),
});

export const Fleet = z
  .strictObject({
    id: FleetId,
    name: z.string(),
    fileName: z.string(),
    status: FleetStatus,
    targets: FleetSelection,
    total: z.int(),
    wave: z.string().nullable().describe('The wave that runs, or runs next'),
    waves: z.array(WaveReport),
    counts: Counts,
    failures: z.array(FailureGroup).describe('Failed targets by cause, most first'),
    exclusions: z.array(z.strictObject({ reason: z.string(), targets: z.int() })),
    halt: Halt,
    halted: z.string().nullable().describe('Why it halted'),
    concurrency: z.int(),
    bakeSeconds: z.int(),
    bakeUntil: z.iso.datetime().nullable(),
    largeRows: z.int(),
    options: MigrationOptions,
    consents: z.array(z.string()),
    sample: z
      .strictObject({
        migration: MigrationId,
        database: z.string(),
        schema: z.string(),
        plan: PlanSummary,
      })
      .describe('The plan of the first target: start and approval name its hash'),
    approval: z
      .strictObject({ by: z.string(), at: z.iso.datetime(), comment: z.string().nullable() })
      .nullable(),
    approvalRequired: z.boolean(),
    approvals: z.strictObject({
      needed: z.int().describe('How many people must approve it before it starts'),
      given: z.array(Approved).describe('Who has, the first first'),
      missing: z.int(),
      notCounted: z.array(z.string()).describe('Whose approval does not count, or counts already'),
    }),
    breakGlass: z
      .array(GlassBroken)
      .describe('Who went past approvals, and why; it stays with the fleet and its migrations'),
    failure: MigrationFailure.nullable(),
    createdAt: z.iso.datetime(),
    createdBy: z.string(),
    updatedAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
    next: z.array(NextAction),
  })
  .meta({ id: 'Fleet' });
export type Fleet = z.infer<typeof Fleet>;

export const FleetListItem = Fleet.pick({
  id: true,
  name: true,
  status: true,
  total: true,
  wave: true,
  createdAt: true,
  createdBy: true,
  updatedAt: true,
  breakGlass: true,
}).meta({ id: 'FleetListItem' });
export type FleetListItem = z.infer<typeof FleetListItem>;
export const FleetPage = pageOf(FleetListItem).meta({ id: 'FleetPage' });

export const TargetView = z
  .strictObject({
    index: z.int(),
    database: z.string(),
    schema: z.string(),
    wave: z.string(),
    status: TargetStatus,
    attempt: z.int(),
    migration: MigrationId.nullable().describe('Its migration, once it began'),
    failure: MigrationFailure.nullable(),
    reason: z.string().nullable().describe('Why it was left out'),
    durationMs: z.number().nullable(),
  })
  .meta({ id: 'FleetTarget' });
export type TargetView = z.infer<typeof TargetView>;
export const TargetPage = pageOf(TargetView).meta({ id: 'FleetTargetPage' });
export const TargetQuery = pageQuery.extend({ status: TargetStatus.optional() });

const Comment = z.string().max(2_000).optional();
export const StartFleet = z
  .strictObject({
    planHash: z.string().optional().describe('Refused when the plan of the first target is another one'),
    consents: z.array(z.string().max(100)).max(50).default([]),
    breakGlass: BreakGlassReason.optional().describe(
      'In an emergency, why: it starts past approvals, those of its targets included. Needs the action break_glass besides',
    ),
    comment: Comment,
  })
  .meta({ id: 'StartFleet' })
  .prefault({});
export const ApproveFleet = z
  .strictObject({ planHash: z.string().describe('Of the plan you read'), comment: Comment })
  .meta({ id: 'ApproveFleet' });
export const ExcludeTargets = z
  .strictObject({
    targets: z
      .array(z.strictObject({ database: DatabaseRef, schema: schemaName.optional() }))
      .min(1)
      .max(1_000)
      .describe('Without a schema: every target in that database'),
    reason: z.string().min(1).max(500),
  })
  .meta({ id: 'ExcludeTargets' });
export const UndoFleet = z
  .strictObject({
    acceptLosses: z.boolean().default(false),
    strategy: AskedStrategy,
    comment: Comment,
  })
  .meta({ id: 'UndoFleet' })
  .prefault({});
export const FleetReason = z.strictObject({ comment: Comment }).meta({ id: 'FleetReason' }).prefault({});
export const FleetReport = z.strictObject({ markdown: z.string() }).meta({ id: 'FleetReport' });

export type FailureGroup = z.infer<typeof FailureGroup>;

/** What a state machine hands to a fleet's tasks. */
export const TaskOfFleet = z.strictObject({ fleetId: FleetId, executionArn: z.string() });
