import { z } from 'zod';
import { JudgeCriteria } from '#judge/criteria.ts';
import { Judgement } from '#judge/judgement.ts';
import { Sample } from '#judge/samples.ts';
import { FiringAlarm } from './alarm-schemas.ts';
import {
  DeploymentEvent,
  DeploymentFailure,
  DeploymentId,
  DeploymentStatus,
  NewDeployment,
  Phase,
} from './schemas.ts';
import { Step } from './strategy.ts';
import { Split } from './targets/schemas.ts';

// Items of the table; the keys are in store.ts.

const By = z.strictObject({ by: z.string(), at: z.iso.datetime(), comment: z.string().nullable() });

/** Where an execution begins: at the beginning, with the way back, or with what follows full traffic. */
const Enter = z.enum(['start', 'back', 'keep']);
export type Enter = z.infer<typeof Enter>;

const Execution = z.strictObject({
  name: z.string(),
  arn: z.string().nullable(),
  enter: Enter,
  attempt: z.int().min(1),
});
export type Execution = z.infer<typeof Execution>;

const Looked = z.strictObject({
  look: z.int(),
  next: z.enum(['hold', 'shift', 'keep']),
  step: z.int(),
  waitSeconds: z.int(),
});
export type Looked = z.infer<typeof Looked>;

export const DeploymentRecord = z.strictObject({
  schemaVersion: z.literal(1),
  id: DeploymentId,
  /** Of the record; every write demands the one it read. */
  revision: z.int(),
  service: z.string(),
  request: NewDeployment,
  /** The release it is a part of; while that holds it, its old version is kept. */
  release: z.strictObject({ id: z.string(), holds: z.boolean() }).nullable().default(null),
  /** Service and target: what one deployment at a time may work on. */
  slot: z.string(),
  status: DeploymentStatus,
  phase: Phase.nullable(),
  execution: Execution,
  steps: z.array(Step),
  step: z.int().nullable(),
  stepStartedAt: z.iso.datetime().nullable(),
  /** The step whose split is known to be in force. */
  shiftedStep: z.int().nullable(),
  /** Seconds by which the step was made longer because the data did not suffice. */
  extendedSeconds: z.int(),
  /** Who had the traffic, who gets it, and what the target keeps for itself. */
  green: z
    .strictObject({
      blue: z.string().nullable(),
      green: z.string(),
      made: z.record(z.string(), z.json()),
    })
    .nullable(),
  /** Alarms that fired before it had any traffic. */
  firingBefore: z.array(FiringAlarm),
  /** Rises with every shift that is decided. */
  order: z.int(),
  traffic: Split.nullable(),
  approval: z.enum(['none', 'waiting', 'given']),
  paused: By.nullable(),
  /** When it was resumed last: who waited then looks at once. */
  resumedAt: z.iso.datetime().nullable(),
  /** Goes on with the next step, or the last, without waiting for time or data. */
  asked: By.extend({ what: z.enum(['promote', 'skip-to-full']), step: z.int() }).nullable(),
  cancel: By.nullable(),
  finish: By.nullable(),
  /** With the limits taken from what blue did. */
  criteria: JudgeCriteria.nullable(),
  /** When the step began that the judgement is about. */
  judgedSince: z.iso.datetime().nullable(),
  sampledTo: z.iso.datetime().nullable(),
  samples: z.int(),
  judgement: Judgement.nullable(),
  looked: Looked.nullable(),
  failure: DeploymentFailure.nullable(),
  notes: z.array(z.string()),
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  /** When its change was committed, or its version registered. */
  leadFrom: z.string().nullable().default(null),
  startedAt: z.iso.datetime().nullable(),
  firstTrafficAt: z.iso.datetime().nullable(),
  fullAt: z.iso.datetime().nullable(),
  backAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  keepsBlueUntil: z.iso.datetime().nullable(),
  updatedAt: z.iso.datetime(),
  outbox: z.array(DeploymentEvent),
  nextSequence: z.int(),
});
export type DeploymentRecord = z.infer<typeof DeploymentRecord>;

export const Entry = z.strictObject({ id: DeploymentId });

/** Who has a slot, and who waits for it, first come first. */
export const SlotRecord = z.strictObject({
  revision: z.int(),
  holder: z.string().nullable(),
  queue: z.array(z.string()),
});
export type SlotRecord = z.infer<typeof SlotRecord>;

/** What the workflow waits for. */
export const WaitsFor = z.enum(['slot', 'approval', 'hold', 'keep']);
export type WaitsFor = z.infer<typeof WaitsFor>;
export const TokenRecord = z.strictObject({ waitsFor: WaitsFor, token: z.string(), at: z.iso.datetime() });
export type TokenRecord = z.infer<typeof TokenRecord>;

/** What one look took; the first that was stored for its time stays. */
export const LookRecord = z.strictObject({ step: z.int(), to: z.iso.datetime(), samples: z.array(Sample) });
