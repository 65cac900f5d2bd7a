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

/** An instance that has something in force which is not what holds for it. */
export const Drift = z
  .strictObject({
    id: z.string(),
    service: z.string(),
    environment: z.string().nullable(),
    tenant: z.string().nullable(),
    instance: z.string(),
    reportedAt: z.iso.datetime(),
    since: z.iso.datetime(),
    differences: z.array(Difference).describe('At most 100'),
    remediate: z.boolean().describe('Whether a policy says that it is brought back without asking'),
    remediatedAt: z.iso.datetime().nullable().describe('When the service was last told again'),
  })
  .meta({ id: 'ConfigurationDrift' });
export type Drift = z.infer<typeof Drift>;
