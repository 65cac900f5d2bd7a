import { z } from 'zod';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import { FoundDrift } from './drift/schemas.ts';
import { EnvironmentSettings } from './schemas.ts';

// What the table holds of flags. Unknown fields are of newer versions and are kept out.

/** Something too large for the item, by its key in the artifacts bucket. */
const Stored = z.object({ key: z.string(), bytes: z.int() });
export type Stored = z.infer<typeof Stored>;

/** An object that no record names any more, and since when. */
const Superseded = z.object({ key: z.string(), at: z.string() });
export type Superseded = z.infer<typeof Superseded>;

/** How far a document has come at AppConfig. */
export const Publication = z.object({
  /** Of the newest document: counts its changes. */
  revision: z.int(),
  /** Its environment and profile at AppConfig, and the alarms that it is watched by. */
  resources: z
    .object({ environmentId: z.string(), profileId: z.string(), alarms: z.array(z.string()) })
    .nullable(),
  /** Until then somebody makes them: two would make two of a name. */
  makingUntil: z.string().nullable(),
  /** The version at AppConfig that has the newest document. */
  hosted: z.object({ revision: z.int(), version: z.int() }).nullable(),
  deploying: z
    .object({ revision: z.int(), deployment: z.int(), percentage: z.number(), since: z.string() })
    .nullable(),
  /** `version` is null of what was deployed before it was written down. */
  deployed: z
    .object({ revision: z.int(), at: z.string(), version: z.int().nullable().default(null) })
    .nullable(),
  /** A revision that AppConfig took back or would not take. */
  refused: z.object({ revision: z.int(), why: z.string(), at: z.string() }).nullable(),
  /** What somebody else put in force at AppConfig, as the last look found it. */
  drift: FoundDrift.nullable().default(null),
  /** When it was deployed over that the last time, without anybody asking. */
  redeployedAt: z.string().nullable().default(null),
});
export type Publication = z.infer<typeof Publication>;

export const unpublished: Publication = {
  revision: 0,
  resources: null,
  makingUntil: null,
  hosted: null,
  deploying: null,
  deployed: null,
  refused: null,
  drift: null,
  redeployedAt: null,
};

export const EnvironmentRecord = z.object({
  schemaVersion: z.literal(1),
  /** Its name. */
  id: z.string(),
  /** Counts writes. */
  revision: z.int(),
  settings: z.object(EnvironmentSettings.shape),
  /** Its flags as they were written; null: none yet. */
  snapshot: Stored.nullable(),
  /** The same as one document of flagd. */
  document: Stored.nullable(),
  /** Objects of former changes that are not deleted yet, the oldest first. */
  superseded: z.array(Superseded).default([]),
  /** How many there are. */
  flags: z.int(),
  publication: Publication,
  outbox: z.array(WorkflowEvent),
  nextSequence: z.int(),
  createdAt: z.string(),
  createdBy: z.string(),
  updatedAt: z.string(),
});
export type EnvironmentRecord = z.infer<typeof EnvironmentRecord>;

/** An environment in the list. */
export const EnvironmentEntry = z.object({
  name: z.string(),
  description: z.string(),
  createdAt: z.string(),
  /** Of the record that it was made from: an older one does not take its place. */
  revision: z.int(),
});
export type EnvironmentEntry = z.infer<typeof EnvironmentEntry>;
