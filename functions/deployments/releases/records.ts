import { z } from 'zod';
import { DeploymentEvent, DeploymentId } from '../schemas.ts';
import { FlagStanding, NewRelease, ReleaseFailure, ReleaseId, ReleaseStatus } from './schemas.ts';

const By = z.strictObject({ by: z.string(), at: z.iso.datetime(), comment: z.string().nullable() });

export const ReleaseEnter = z.enum(['start', 'keep', 'back']);
export type ReleaseEnter = z.infer<typeof ReleaseEnter>;

export const ReleaseRecord = z.strictObject({
  schemaVersion: z.literal(1),
  id: ReleaseId,
  /** Of the record; every write demands the one it read. */
  revision: z.int(),
  request: NewRelease,
  status: ReleaseStatus,
  waves: z.array(z.array(z.string())),
  /** The last wave that was begun. */
  wave: z.int().nullable(),
  members: z.array(
    z.strictObject({
      service: z.string(),
      version: z.string(),
      from: z.string().nullable(),
      wave: z.int(),
      deployment: DeploymentId,
      accepted: z.string().nullable(),
    }),
  ),
  flags: z.array(FlagStanding),
  execution: z.strictObject({
    name: z.string(),
    arn: z.string().nullable(),
    enter: ReleaseEnter,
    attempt: z.int().min(1),
  }),
  approval: z.enum(['none', 'waiting', 'given']),
  cancel: By.nullable(),
  finish: By.nullable(),
  failure: ReleaseFailure.nullable(),
  needs: z.array(z.string()),
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  keepsUntil: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  updatedAt: z.iso.datetime(),
  outbox: z.array(DeploymentEvent),
  nextSequence: z.int(),
});
export type ReleaseRecord = z.infer<typeof ReleaseRecord>;

export const ReleaseEntry = z.strictObject({ id: ReleaseId });

/** What the workflow of a release waits for. */
export const ReleaseWaitsFor = z.enum(['approval', 'wave', 'keep', 'back']);
export type ReleaseWaitsFor = z.infer<typeof ReleaseWaitsFor>;
export const ReleaseToken = z.strictObject({
  waitsFor: ReleaseWaitsFor,
  wave: z.int(),
  token: z.string(),
});
export type ReleaseToken = z.infer<typeof ReleaseToken>;
