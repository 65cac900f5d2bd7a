import { z } from 'zod';
import { ConfigurationKey } from '../../schemas.ts';
import { ReencryptionId, ReencryptionStatus, Scope } from './records.ts';

/** What is asked for of a re-encryption. */
export const NewReencryption = z
  .strictObject({
    why: z.string().trim().min(1).max(500),
    scope: Scope.default('all').describe(
      '`all`: whatever was sealed before now, since KMS rotated the key; `outdated`: only what is under another key or algorithm than new secrets are',
    ),
  })
  .meta({ id: 'NewConfigurationReencryption' });
export type NewReencryption = z.infer<typeof NewReencryption>;

/** How a re-encryption stands. */
export const Reencryption = z
  .strictObject({
    id: ReencryptionId,
    status: ReencryptionStatus.describe(
      '`incomplete`: all were looked at and some could not be opened; `needs_attention`: it failed ten times in a row',
    ),
    scope: Scope,
    why: z.string(),
    createdBy: z.string(),
    createdAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable(),
    total: z.int().nullable().describe('Values that hold or held secrets; null until they are counted'),
    done: z.int().describe('Values looked at'),
    resealed: z.int().describe('Sealed versions that were sealed anew; at least, after a crash'),
    perSecond: z.number().describe('Values looked at'),
    secondsLeft: z.int().nullable(),
    failed: z.int().describe('Sealed versions that could not be opened, and stay as they are'),
    failures: z.array(z.strictObject({ identity: ConfigurationKey, version: z.int(), error: z.string() })),
    cancel: z.strictObject({ by: z.string(), at: z.iso.datetime() }).nullable(),
    failure: z.strictObject({ name: z.string(), message: z.string(), at: z.iso.datetime() }).nullable(),
  })
  .meta({ id: 'ConfigurationReencryption' });
export type Reencryption = z.infer<typeof Reencryption>;

/** The one that runs, or ran last; none when there never was one. */
export const ReencryptionList = z
  .strictObject({ items: z.array(Reencryption).max(1) })
  .meta({ id: 'ConfigurationReencryptionList' });

export const TaskOfReencryption = z.strictObject({ reencryptionId: ReencryptionId, execution: z.string() });
