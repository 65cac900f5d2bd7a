import { z } from 'zod';
import { ConsumerContract } from '#compatibility/consumers.ts';
import { VersionRange } from '#compatibility/ranges.ts';

/** What one consumer said it uses of a service, and in which versions. */
export const ConsumerRecord = z.object({
  schemaVersion: z.literal(1),
  service: z.string(),
  consumer: z.string(),
  range: VersionRange,
  contract: ConsumerContract,
  updatedAt: z.string(),
  updatedBy: z.string(),
});
export type ConsumerRecord = z.infer<typeof ConsumerRecord>;
