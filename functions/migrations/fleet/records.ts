import { z } from 'zod';
import { Approvers, BrokenGlass, GivenApproval } from '../access/approvals.ts';
import { ApprovalRule } from '../decisions/policy.ts';
import { RollbackStrategy } from '../plan/strategies.ts';
import { MigrationEvent, MigrationFailure, MigrationOptions, PlanSummary } from '../schemas.ts';
import { FleetSelection, FleetStatus, Halt, TargetStatus } from './schemas.ts';

// What is stored of a fleet. Read leniently, as all records are: unknown fields are kept out, new fields have defaults.

/** A part of the fleet that is migrated before the next one may begin: targets `from` (inclusive) to `to`. */
export const Wave = z.object({
  name: z.string(),
  from: z.int(),
  to: z.int(),
  /** When its first target was to go, and when it was judged. */
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
});
export type Wave = z.infer<typeof Wave>;

export const FleetRecord = z.object({
  schemaVersion: z.literal(1),
  version: z.int(),
  id: z.string(),
  name: z.string(),
  fileName: z.string(),
  fileKey: z.string(),
  selection: FleetSelection,
  options: MigrationOptions,
  consents: z.array(z.string()),
  status: FleetStatus,
  /** How many targets the selection named when it was resolved, those left out included. */
  targets: z.int(),
  waves: z.array(Wave),
  /** Index of the wave that runs, or runs next. */
  wave: z.int(),
  concurrency: z.int(),
  bakeSeconds: z.int(),
  largeRows: z.int(),
  /** Of the environment when it was planned: functions beside the targets do not know it. */
  approvalRule: ApprovalRule,
  approvers: Approvers.default({ low: 1, medium: 1, high: 1 }),
  halt: Halt,
  /** The plan of the first target: what the author and the approver read. */
  sample: z.object({ migrationId: z.string(), schema: z.string(), database: z.string(), plan: PlanSummary }),
  approval: z.object({ by: z.string(), at: z.string(), comment: z.string().nullable() }).nullable(),
  /** Those who have approved; `approval` is the one that made them enough for the plan of the first target. */
  approvals: z.array(GivenApproval).default([]),
  breakGlass: z.array(BrokenGlass).default([]),
  /** Why it halted. */
  halted: z.object({ wave: z.int(), reason: z.string(), at: z.string() }).nullable(),
  /** Failures of a wave that a person has seen and gone on from, by the wave's index. */
  overruled: z.record(z.string(), z.int()),
  /** Epoch ms until which the wave that just ended is watched. */
  bakeUntil: z.number().nullable(),
  /** The fleet is taken back: who asked, by which way, and whether rows may be lost. */
  undo: z
    .object({
      by: z.string(),
      acceptLosses: z.boolean(),
      strategy: RollbackStrategy.default('revert'),
      /** Targets that stayed as they were, when all had been tried. */
      left: z.int().default(0),
    })
    .nullable(),
  execution: z
    .object({ name: z.string(), arn: z.string().nullable(), attempt: z.int(), startedAt: z.number() })
    .nullable(),
  failure: MigrationFailure.nullable(),
  createdAt: z.string(),
  createdBy: z.string(),
  updatedAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  /** Events that were not published yet; the sweeper moves them to items of their own. */
  outbox: z.array(MigrationEvent).default([]),
  nextSequence: z.int().default(0),
});
export type FleetRecord = z.infer<typeof FleetRecord>;

/** One target of a fleet as it was resolved; its place in the list never changes. */
export const FleetTarget = z.object({
  index: z.int(),
  databaseId: z.string(),
  database: z.string(),
  schema: z.string(),
  /** Left out when the list was made, and why. */
  excluded: z.string().optional(),
});
export type FleetTarget = z.infer<typeof FleetTarget>;

/** Where one target stands. A target that nothing happened to has no record: it is pending. */
export const TargetRecord = z.object({
  index: z.int(),
  databaseId: z.string(),
  database: z.string(),
  schema: z.string(),
  wave: z.int(),
  status: TargetStatus,
  /** Each new attempt is a migration of its own. */
  attempt: z.int(),
  migrationId: z.string(),
  failure: MigrationFailure.nullable(),
  reason: z.string().nullable(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  /** Of the work itself, ms. */
  durationMs: z.number().nullable(),
});
export type TargetRecord = z.infer<typeof TargetRecord>;

export const BatchTarget = FleetTarget.omit({ excluded: true }).extend({ wave: z.int(), attempt: z.int() });
export type BatchTarget = z.infer<typeof BatchTarget>;

/** How a batch reaches its targets: as the workflow is told of the connector that is registered. */
export const Connector = z.object({ roleArn: z.string(), functions: z.record(z.string(), z.string()) });
export type Connector = z.infer<typeof Connector>;

/** One line of what the Map reads: targets for one execution, all reached through one connector. */
export const Batch = z.object({
  connector: Connector,
  purpose: z.enum(['migrate', 'undo']),
  targets: z.array(BatchTarget),
});
export type Batch = z.infer<typeof Batch>;
