import { z } from 'zod';
import { ApiVersion } from '#compatibility/api-version.ts';
import { Bump } from '#compatibility/changes.ts';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import { ApiSettings, Stability, VersionStatus } from './schemas.ts';

// What the table holds of APIs. Unknown fields are of newer versions and are kept out.

/** What the gateway says of a version, or an element of it, that goes away. */
export const DeprecationNotice = z.object({
  /** When it became deprecated. */
  at: z.string(),
  /** When it goes; never before `at`. */
  sunset: z.string().optional(),
  /** Where people read about it, and how to leave it. */
  link: z.string().optional(),
  guide: z.string().optional(),
  successor: ApiVersion.optional(),
});
export type DeprecationNotice = z.infer<typeof DeprecationNotice>;

export const Brownout = z.object({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  status: z.union([z.literal(410), z.literal(503)]),
  /** Consumers that are served all the same. */
  exempt: z.array(z.string()),
});

export const DeprecatedElement = z.object({
  /** `GET /orders/{}` */
  endpoint: z.string(),
  // RFC 6901 with `*` for items: `/items/*/price`.
  field: z.string().optional(),
  at: z.string(),
  sunset: z.string().optional(),
  link: z.string().optional(),
  refuseNewConsumers: z.boolean().optional(),
  /** Who is not new to it. */
  knownConsumers: z.array(z.string()).optional(),
  removed: z.boolean().optional(),
});

/** Something too large for the item, by its key in the artifacts bucket. */
const Stored = z.object({ key: z.string(), hash: z.string(), bytes: z.int() });

export const VersionRecord = z.object({
  version: ApiVersion,
  status: VersionStatus,
  stability: Stability,
  title: z.string(),
  /** The description as it was given. */
  description: Stored,
  /** What the gateway is told of it. */
  served: z.object({ key: z.string() }),
  /** The version that it was compared with, and what came of it. */
  comparison: z
    .object({ with: ApiVersion, compatible: z.boolean(), bump: Bump, breaking: z.int(), warnings: z.int() })
    .nullable(),
  /** What was let through on purpose, why, and who said so. */
  accepted: z.object({ what: z.array(z.string()), reason: z.string(), by: z.string() }).nullable(),
  /** The changes that lead from it to the next newer version. */
  changes: Stored.extend({ count: z.int() }).nullable(),
  /** Bodies of its requests are held against its description at the gateway. */
  validateRequests: z.boolean(),
  // What a deprecation sets: see deprecations/.
  deprecation: DeprecationNotice.nullable(),
  refuseNewConsumers: z.boolean(),
  knownConsumers: z.array(z.string()),
  brownouts: z.array(Brownout),
  deprecatedElements: z.array(DeprecatedElement),
  registeredAt: z.string(),
  registeredBy: z.string(),
});
export type VersionRecord = z.infer<typeof VersionRecord>;

export const ApiRecord = z.object({
  schemaVersion: z.literal(1),
  /** Its name. */
  id: z.string(),
  /** Counts writes. */
  revision: z.int(),
  settings: ApiSettings,
  /** Oldest first. */
  versions: z.array(VersionRecord),
  /** The version of each consumer that has one of its own. */
  pins: z.record(z.string(), ApiVersion),
  /** Counts changes of what the gateway is told; it is told again while `servedRevision` is behind. */
  routeRevision: z.int(),
  servedRevision: z.int(),
  /** Why the gateway does not take it; null: it does, or was not told yet. */
  servingProblem: z.string().nullable(),
  outbox: z.array(WorkflowEvent),
  nextSequence: z.int(),
  createdAt: z.string(),
  createdBy: z.string(),
  updatedAt: z.string(),
});
export type ApiRecord = z.infer<typeof ApiRecord>;

/** An API in the list. */
export const ApiEntry = z.object({
  name: z.string(),
  kind: ApiSettings.shape.kind,
  service: z.string().nullable(),
  versions: z.int(),
  latest: ApiVersion.nullable(),
  /** Of the record that it was made from: an older one does not take its place. */
  revision: z.int(),
});
export type ApiEntry = z.infer<typeof ApiEntry>;
