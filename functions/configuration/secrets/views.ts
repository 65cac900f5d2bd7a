import { z } from 'zod';
import { pageOf } from '#platform/page.ts';
import { ConfigurationKey } from '../schemas.ts';

/** A secret as everybody may know it. */
export const SecretView = z
  .strictObject({
    key: ConfigurationKey,
    version: z.int(),
    updatedAt: z.iso.datetime(),
    updatedBy: z.string(),
    algorithm: z.string().describe('How it is sealed'),
    keyArn: z.string().describe('Under which key of KMS'),
    sealedAt: z.iso.datetime(),
    current: z.boolean().describe('Whether new secrets are sealed by the same algorithm and key'),
    rotateBy: z.iso.datetime().nullable().describe('When its value should change; null: nobody said'),
    overdue: z.boolean(),
    generated: z.boolean().describe('Whether the platform changes it itself then'),
  })
  .meta({ id: 'ConfigurationSecret' });
export type SecretView = z.infer<typeof SecretView>;
export const SecretPage = pageOf(SecretView).meta({ id: 'ConfigurationSecretPage' });

/** What secrets say, to those who may know. */
export const OpenedSecrets = z
  .strictObject({
    items: z.array(z.strictObject({ key: ConfigurationKey, version: z.int(), value: z.string() })),
  })
  .meta({ id: 'OpenedConfigurationSecrets' });
