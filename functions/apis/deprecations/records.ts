import { z } from 'zod';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import { Policy } from './policies.ts';
import {
  Brownout,
  ConsumerProgress,
  DeprecationFailure,
  DeprecationId,
  DeprecationStatus,
  Element,
  Phase,
} from './schemas.ts';

// Items of the table; the keys are in ../store.ts. Unknown fields are of newer versions and are kept out.

const Time = z.string();
const By = z.object({ by: z.string(), at: Time, reason: z.string() });

export const DeprecationRecord = z.object({
  schemaVersion: z.literal(1),
  id: DeprecationId,
  revision: z.int(),
  api: z.string(),
  version: z.string(),
  elements: z.array(Element).nullable(),
  successor: z.string(),
  reason: z.string(),
  guide: z.string().nullable(),
  /** As it was when it began: changing a policy changes no deprecation that runs. */
  policy: Policy,
  status: DeprecationStatus,
  phase: Phase,
  announcedAt: Time.nullable(),
  extensions: z.array(By.extend({ days: z.int() })),
  /** The reminders that were sent: `30-0` is the one 30 days before, with no extension yet. */
  reminded: z.array(z.string()),
  brownouts: z.array(
    Brownout.extend({
      /** Errors that exempt consumers had that day before it began. */
      errorsBefore: z.array(z.object({ consumer: z.string(), errors: z.int() })),
    }),
  ),
  consumers: z.array(ConsumerProgress),
  exempt: z.array(z.string()),
  analysed: z.object({ from: Time, to: Time, at: Time }).nullable(),
  /** The sunset that consumers were told last. */
  toldSunset: Time.nullable(),
  askedConsentAt: Time.nullable(),
  removedAt: Time.nullable(),
  restorableUntil: Time.nullable(),
  paused: By.nullable(),
  pausedMs: z.number(),
  cancel: By.nullable(),
  restore: By.nullable(),
  /** The execution that acts, or will from `startsAt` on; null: when a person says so. */
  execution: z.object({ attempt: z.int(), name: z.string(), startsAt: Time.nullable() }),
  /** Executions that failed one after the other. */
  deaths: z.int(),
  failure: DeprecationFailure.nullable(),
  createdBy: z.string(),
  createdAt: Time,
  endedAt: Time.nullable(),
  updatedAt: Time,
  outbox: z.array(WorkflowEvent),
  nextSequence: z.int(),
});
export type DeprecationRecord = z.infer<typeof DeprecationRecord>;

export const DeprecationEntry = z.object({ id: DeprecationId, api: z.string() });
