import { z } from 'zod';
import { ServiceName } from '#compatibility/contracts/shape.ts';
import { environmentName } from '#platform/environment.ts';

import { NewRelease, ReleaseId, ReleaseMember } from './schemas.ts';

/** What a release brought in one environment, for the next. */
export const Promotion = z
  .strictObject({
    kind: z.literal('theseus.promotion/1'),
    environment: environmentName,
    release: ReleaseId,
    name: z.string().max(200).nullable(),
    completedAt: z.iso.datetime(),
    members: z
      .array(
        z.strictObject({
          service: ServiceName,
          version: z.string().max(64),
          contract: z.string().nullable().describe('SHA-256 of the contract; null: without one'),
          verdict: z.string().nullable().describe('What the judge said last; null: nothing was judged'),
        }),
      )
      .min(1)
      .max(20),
    signature: z
      .string()
      .max(100)
      .nullable()
      .describe('HMAC-SHA256 by the shared secret of the environments'),
  })
  .meta({ id: 'Promotion' });
export type Promotion = z.infer<typeof Promotion>;

const { atOnce, keepSeconds, flags, approval } = NewRelease.shape;
export const NewPromotion = z
  .strictObject({
    document: Promotion,
    bakedSeconds: z.int().min(0).max(31_536_000).default(0).describe('How long ago it has to have completed'),
    skipEnvironments: z
      .strictObject({ reason: z.string().min(1).max(300) })
      .optional()
      .describe('Take it from another environment than the one before this'),
    settings: z
      .record(ServiceName, ReleaseMember.omit({ service: true, version: true }))
      .default({})
      .describe('By service: how it is deployed here'),
    atOnce,
    keepSeconds,
    flags,
    approval,
  })
  .meta({ id: 'NewPromotion' });
export type NewPromotion = z.infer<typeof NewPromotion>;
