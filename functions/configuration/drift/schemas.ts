import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { ConfigurationKey, EnvironmentName, Namespace, TenantName } from '../schemas.ts';

const Version = z.int().min(0);

/** A key as reports name it. */
const QualifiedKey = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,62}\/[A-Za-z][A-Za-z0-9_.-]{0,127}$/,
    'Expected namespace/key, such as web/http.tls',
  );

const FailedKey = z.strictObject({
  key: QualifiedKey,
  version: Version.optional(),
  message: z.string().max(500).default(''),
});

/** What an instance of a service says it has in force. */
export const NewReport = z
  .strictObject({
    service: ServiceName,
    instance: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/, 'Expected an id of at most 128 characters'),
    environment: EnvironmentName.optional(),
    tenant: TenantName.optional(),
    etag: z.string().min(1).max(200).optional().describe('Of the document it was given; needs namespace'),
    namespace: Namespace.optional().describe('The namespace that the document is of'),
    versions: z
      .record(QualifiedKey, Version)
      .refine((all) => Object.keys(all).length <= 1_000, 'Expected at most 1,000 keys')
      .default({})
      .describe('Version of each key that is in force; 0: the default'),
    failed: z
      .array(z.union([QualifiedKey, FailedKey]))
      .max(50)
      .default([])
      .describe('Keys whose values it was given and cannot put in force'),
  })
  .refine(({ etag, namespace }) => etag === undefined || namespace !== undefined, {
    path: ['namespace'],
    error: 'Expected the namespace that the etag is of',
  })
  .meta({ id: 'NewConfigurationReport' });
export type NewReport = z.infer<typeof NewReport>;

/** What an instance has in force of one namespace. */
export const Report = z.strictObject({
  service: z.string(),
  environment: z.string().nullable(),
  tenant: z.string().nullable(),
  instance: z.string(),
  namespace: z.string(),
  etag: z.string().nullable(),
  versions: z.record(z.string(), z.int()).describe('By key, without the namespace'),
  failed: z.array(z.strictObject({ key: z.string(), version: z.int().nullable(), message: z.string() })),
  at: z.iso.datetime(),
  expiresAt: z.int(),
});
export type Report = z.infer<typeof Report>;

/** A namespace that a service reads in an environment, as its reports say. */
export const ReaderRecord = z.strictObject({
  service: z.string(),
  environment: z.string().nullable(),
  expiresAt: z.int(),
});
export type ReaderRecord = z.infer<typeof ReaderRecord>;

/** One thing that is not in force as it is stored. */
export const Difference = z.strictObject({
  key: ConfigurationKey,
  stored: z.int().nullable().describe('Version that holds; null: the default, or nothing'),
  inForce: z.int().nullable(),
});
export type Difference = z.infer<typeof Difference>;

/** A document as a whole that is not in force as it is stored. */
export const DocumentDifference = z.strictObject({
  expected: z.string().describe('Tag of what holds: the ETag of the document up to its dot'),
  inForce: z.string(),
  behindSince: z.iso
    .datetime()
    .nullable()
    .describe('When that was changed which the instance does not have; null: nothing was ever written'),
});
export type DocumentDifference = z.infer<typeof DocumentDifference>;

/** An instance that has something in force which is not what holds for it. */
export const InstanceDrift = z
  .strictObject({
    of: z.literal('instance'),
    id: z.string(),
    service: z.string(),
    environment: z.string().nullable(),
    tenant: z.string().nullable(),
    instance: z.string(),
    reportedAt: z.iso.datetime(),
    since: z.iso.datetime(),
    namespace: z.string().nullable(),
    differences: z.array(Difference).describe('At most 100'),
    document: DocumentDifference.nullable().describe('Where no key differs by what is known of it'),
    remediate: z.boolean().describe('Whether a policy says that it is brought back without asking'),
    remediatedAt: z.iso.datetime().nullable().describe('When the service was last told again'),
  })
  .meta({ id: 'ConfigurationInstanceDrift' });
export type InstanceDrift = z.infer<typeof InstanceDrift>;

const Shown = z.string().nullable().describe('JSON, of which 200 characters are shown; null: not there');

/** One place in which a published document is not in force as it was published. */
export const PublishedDifference = z.strictObject({
  namespace: z.string().nullable().describe('Null: beside the keys'),
  key: z.string().nullable(),
  pointer: z.string().describe('RFC 6901, in what the document has of the key'),
  expected: Shown,
  found: Shown,
  hidden: z.boolean().describe('Something is there that is not shown: the key is secret, or not defined'),
});
export type PublishedDifference = z.infer<typeof PublishedDifference>;

/** A publication in whose place AppConfig has something else in force. */
export const PublicationDrift = z
  .strictObject({
    of: z.literal('publication'),
    id: z.string(),
    environment: z.string(),
    service: z.string(),
    since: z.iso.datetime(),
    expected: z.int().describe('The version that was deployed'),
    found: z
      .strictObject({
        deployment: z.int(),
        version: z.int(),
        label: z.string().nullable().describe('Of the version'),
        complete: z.boolean().describe('False: readers are still getting it'),
        at: z.iso.datetime().nullable(),
      })
      .nullable()
      .describe('The deployment that nobody here asked for; null: nothing is deployed'),
    problem: z.string().nullable().describe('Why no differences can be named'),
    differences: z.array(PublishedDifference).describe('At most 50'),
    remediate: z.boolean().describe('Whether a policy says that it is brought back without asking'),
    remediatedAt: z.iso.datetime().nullable().describe('When it was deployed anew without asking'),
  })
  .meta({ id: 'ConfigurationPublicationDrift' });
export type PublicationDrift = z.infer<typeof PublicationDrift>;

export const Drift = z
  .discriminatedUnion('of', [InstanceDrift, PublicationDrift])
  .meta({ id: 'ConfigurationDrift' });
export type Drift = z.infer<typeof Drift>;
