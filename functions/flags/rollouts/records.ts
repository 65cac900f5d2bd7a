import { z } from 'zod';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import {
  RolloutHealth,
  RolloutId,
  RolloutJudge,
  RolloutJudgement,
  RolloutStatus,
  RolloutStep,
} from './schemas.ts';

// Items of the table; the keys are in ../store.ts. Unknown fields are of newer versions and are kept out.

const Time = z.string().nullable();
const By = z.object({ by: z.string(), at: z.string(), why: z.string() });

const Count = z.int().min(0);
const Side = z.object({
  users: Count,
  errors: Count,
  /** Users who did it, by the place of the track in `judge.conversions`. */
  conversions: z.array(Count),
});
export type Side = z.infer<typeof Side>;

/** Users of both variants within one step: they are counted anew in each. */
export const RolloutSample = z.object({ from: z.string(), to: z.string(), baseline: Side, canary: Side });
export type RolloutSample = z.infer<typeof RolloutSample>;

/** Where the step stands that was set last. */
const StepStanding = z.object({
  index: z.int().min(0),
  setAt: z.string(),
  /** Of the environment's document that has it. */
  revision: z.int(),
  publishedAt: Time,
  /** Its time runs from then on: since it was published, or resumed. */
  heldSince: Time,
  /** In which its users are counted; null: nobody is counted. */
  run: z.int().nullable(),
});

export const RolloutRecord = z.object({
  schemaVersion: z.literal(1),
  id: RolloutId,
  revision: z.int(),
  environment: z.string(),
  flag: z.string(),
  to: z.string(),
  rest: z.string(),
  steps: z.array(RolloutStep),
  judge: RolloutJudge.nullable(),
  urls: z.array(z.string()),
  lookSeconds: z.int(),
  onFail: z.enum(['rollback', 'pause']),
  why: z.string(),
  status: RolloutStatus,
  /** The flag's version that it goes back to, and the one that this rollout set last. */
  before: z.int(),
  version: z.int(),
  current: StepStanding.nullable(),
  /** One for each step that is judged together, the newest last. */
  samples: z.array(RolloutSample),
  judgement: RolloutJudgement.nullable(),
  health: z.array(RolloutHealth),
  /** Looks in a row that found something ill. */
  ill: z.int(),
  /** Somebody wants the next step now. */
  promote: By.nullable(),
  paused: By.nullable(),
  /** How it is to end, and why, once that is decided. */
  ends: z.enum(['completed', 'rolled_back', 'superseded', 'killed']).nullable(),
  reason: z.string().nullable(),
  execution: z.object({ name: z.string(), arn: z.string().nullable(), attempt: z.int().min(1) }),
  createdBy: z.string(),
  createdAt: z.string(),
  endedAt: Time,
  updatedAt: z.string(),
  outbox: z.array(WorkflowEvent),
  nextSequence: z.int(),
});
export type RolloutRecord = z.infer<typeof RolloutRecord>;

export const RolloutEntry = z.object({ id: RolloutId });

/** The rollout that has a flag: one at a time. */
export const RolloutSlot = z.object({
  id: RolloutId,
  flag: z.string(),
  /** Whether users of the flag are counted for it. */
  counts: z.boolean(),
  at: z.string(),
});
export type RolloutSlot = z.infer<typeof RolloutSlot>;

export const WaitsFor = z.enum(['published', 'hold', 'resume']);
export type WaitsFor = z.infer<typeof WaitsFor>;
export const TokenRecord = z.object({ waitsFor: WaitsFor, token: z.string().min(1), at: z.string() });
export type TokenRecord = z.infer<typeof TokenRecord>;
