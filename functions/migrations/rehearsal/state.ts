import { z } from 'zod';
import { Plan } from '../plan/schemas.ts';
import { SchemaShape } from '../registry/shape.ts';
import { RehearsalReport } from './report.ts';

/** What a rehearsal has found up to now. */
export const Outcome = RehearsalReport.omit({ passed: true });
export type Outcome = z.infer<typeof Outcome>;

/** Where a rehearsal is, so that another invocation can go on on the same copy. */
export const RehearsalState = z.object({
  /** Of the copy: planned once, because each phase changes what a plan would find. Null: no plan could be made. */
  plan: Plan.nullable(),
  /** Of the copy, before anything ran on it. */
  before: SchemaShape,
  outcome: Outcome,
  /** The phase and the piece of it that come next, the key after which that goes on, and what the phase took so far. */
  at: z.object({
    phase: z.int(),
    piece: z.int(),
    last: z.array(z.string()).nullable(),
    ms: z.number(),
    rows: z.int(),
    longestLockWaitMs: z.number(),
    longestLockHoldMs: z.number(),
  }),
  over: z.boolean(),
});
export type RehearsalState = z.infer<typeof RehearsalState>;

export const phaseBegin = (phase: number): RehearsalState['at'] => ({
  phase,
  piece: 0,
  last: null,
  ms: 0,
  rows: 0,
  longestLockWaitMs: 0,
  longestLockHoldMs: 0,
});
