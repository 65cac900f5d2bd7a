import { z } from 'zod';
import { Version, VersionRange } from '#compatibility/ranges.ts';
import { Accepted, Configuration, Dependencies, Endpoint, HealthCheck, Labels } from '../schemas.ts';

// What the table holds of services, versions and who depends on them. Unknown fields are of newer versions and are kept out.

export const ServiceRecord = z.object({
  schemaVersion: z.literal(1),
  /** Counts writes. */
  revision: z.int(),
  name: z.string(),
  /** Derived from the versions, for lists. */
  versions: z.int(),
  latest: Version.nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type ServiceRecord = z.infer<typeof ServiceRecord>;

export const VersionRecord = z.object({
  schemaVersion: z.literal(1),
  service: z.string(),
  version: Version,
  endpoints: z.array(Endpoint),
  healthCheck: HealthCheck.nullable(),
  /** Where the contract is, and how much it promises. */
  contract: z.object({ id: z.string(), endpoints: z.int(), events: z.int() }).nullable(),
  dependencies: Dependencies,
  workflows: z.array(z.string()),
  configuration: Configuration,
  labels: Labels,
  /** Of all that was registered: the same again has the same. */
  contentHash: z.string(),
  accepted: Accepted.nullable(),
  createdAt: z.string(),
  createdBy: z.string(),
});
export type VersionRecord = z.infer<typeof VersionRecord>;

/** JSON, compressed: schemas repeat themselves. */
export const ContractRecord = z.object({ gzip: z.instanceof(Uint8Array) });

export const DependantRecord = z.object({ service: z.string(), version: Version, range: VersionRange });
export type DependantRecord = z.infer<typeof DependantRecord>;
