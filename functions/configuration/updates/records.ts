import { z } from 'zod';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import { Violation } from '../compliance/schemas.ts';
import { ConfigurationKey } from '../schemas.ts';
import {
  AffectedService,
  ChangeKind,
  Look,
  UpdateFailure,
  UpdateHealth,
  UpdateId,
  UpdatePhase,
  UpdateStatus,
} from './schemas.ts';

// Items of the table; the keys are in store.ts.

const Enter = z.enum(['start', 'back']);
export type Enter = z.infer<typeof Enter>;

const Execution = z.strictObject({
  name: z.string(),
  arn: z.string().nullable(),
  enter: Enter,
  attempt: z.int().min(1),
});
export type Execution = z.infer<typeof Execution>;

/** One change as the record has it; what it writes is an item of its own, since twenty values are too much for one. */
const ChangeRecord = z.strictObject({
  key: ConfigurationKey,
  kind: ChangeKind,
  expectedVersion: z.int().nullable(),
  /** The backup: history keeps what this version held. 0: there was none; null: not looked yet. */
  before: z.int().nullable(),
  after: z.int().nullable(),
  restored: z.int().nullable(),
});
export type ChangeRecord = z.infer<typeof ChangeRecord>;

const Time = z.iso.datetime().nullable();
const By = z.strictObject({ by: z.string(), at: z.iso.datetime(), why: z.string().nullable() });

export const UpdateRecord = z.strictObject({
  schemaVersion: z.literal(1),
  id: UpdateId,
  revision: z.int(),
  status: UpdateStatus,
  phase: UpdatePhase.nullable(),
  execution: Execution,
  why: z.string(),
  changes: z.array(ChangeRecord),
  services: z.array(AffectedService),
  health: UpdateHealth.extend({
    until: Time,
    looks: z.int(),
    /** Looks in a row that found something ill. */
    bad: z.int(),
    seen: z.array(Look),
    illBefore: z.array(z.string()),
    skipped: z.array(z.string()),
    /** Somebody reported that a value cannot be used: the next look is due at once. */
    hurriedAt: Time,
    /** When the last look began. */
    lookedAt: Time,
  }),
  whenBusy: z.enum(['wait', 'refuse']),
  approval: z.enum(['none', 'waiting', 'given']),
  warnings: z.array(Violation),
  /** Values may have been written: from here on the way back writes, whatever it finds. */
  applying: z.boolean(),
  cancel: By.nullable(),
  failure: UpdateFailure.nullable(),
  notes: z.array(z.string()),
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  appliedAt: Time,
  endedAt: Time,
  updatedAt: z.iso.datetime(),
  outbox: z.array(WorkflowEvent),
  nextSequence: z.int(),
});
export type UpdateRecord = z.infer<typeof UpdateRecord>;

/** What one change writes, as text: DynamoDB knows neither all numbers nor the order of fields. */
export const ChangeItem = z.strictObject({ content: z.string() });

export const Entry = z.strictObject({ id: UpdateId });

export const WaitsFor = z.enum(['slots', 'approval', 'health']);
export type WaitsFor = z.infer<typeof WaitsFor>;
export const TokenRecord = z.strictObject({
  waitsFor: WaitsFor,
  token: z.string().min(1),
  at: z.iso.datetime(),
});
export type TokenRecord = z.infer<typeof TokenRecord>;

/** Updates that are open, in the order in which they asked, each with the keys that only it may change. */
export const SlotsRecord = z.strictObject({
  revision: z.int(),
  entries: z.array(z.strictObject({ id: z.string(), keys: z.array(z.string()) })),
});
export type SlotsRecord = z.infer<typeof SlotsRecord>;
