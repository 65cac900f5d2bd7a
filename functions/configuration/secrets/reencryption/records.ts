import { z } from 'zod';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import { ConfigurationKey } from '../../schemas.ts';

/** `all`: whatever was sealed before it began, since KMS rotated the key; `outdated`: what is under another key or algorithm. */
export const Scope = z.enum(['all', 'outdated']);
export type Scope = z.infer<typeof Scope>;

/**
 * `incomplete`: all were looked at, and some could not be sealed anew. `needs_attention`: it failed ten times in a row;
 * begin another one, which goes on with what is left.
 */
export const ReencryptionStatus = z.enum([
  'running',
  'completed',
  'incomplete',
  'cancelled',
  'needs_attention',
]);
export type ReencryptionStatus = z.infer<typeof ReencryptionStatus>;

export const ReencryptionId = z.string().regex(/^ren_[A-Za-z0-9]{1,40}$/);

const Time = z.string();

/** The record of a re-encryption: what it is to do, and how far it came. */
export const ReencryptionRecord = z.object({
  schemaVersion: z.literal(1),
  id: ReencryptionId,
  revision: z.int(),
  scope: Scope,
  why: z.string(),
  createdBy: z.string(),
  createdAt: Time,
  updatedAt: Time,
  endedAt: Time.nullable(),
  status: ReencryptionStatus,
  /** Values that hold or held secrets; null until they were counted. */
  total: z.int().nullable(),
  /** Values looked at. */
  done: z.int(),
  /** Sealed versions that were sealed anew, as far as that was written down. */
  resealed: z.int(),
  /** Of those that could not be: how many, and the first of them. */
  failed: z.int(),
  failures: z.array(z.object({ identity: ConfigurationKey, version: z.int(), error: z.string() })),
  /** Place of the last value that was looked at; null: none yet. */
  after: z.string().nullable(),
  cancel: z.object({ by: z.string(), at: Time }).nullable(),
  execution: z.object({ attempt: z.int(), name: z.string(), startsAt: Time }),
  /** Executions that failed one after the other. */
  deaths: z.int(),
  failure: z.object({ name: z.string(), message: z.string(), at: Time }).nullable(),
  outbox: z.array(WorkflowEvent),
  nextSequence: z.int(),
});
export type ReencryptionRecord = z.infer<typeof ReencryptionRecord>;

export const isOver = ({ status }: Pick<ReencryptionRecord, 'status'>): boolean => status !== 'running';
