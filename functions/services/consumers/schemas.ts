import { z } from 'zod';
import { ConsumerContract } from '#compatibility/consumers.ts';
import { Version, VersionRange } from '#compatibility/ranges.ts';
import { pageOf } from '#platform/page.ts';

export const NewConsumer = z
  .strictObject({
    range: VersionRange.describe('Versions of the service that it was made for'),
    contract: ConsumerContract.partial({ consumer: true, service: true }).describe(
      'What it uses; the names are those of the path, and may be left out',
    ),
  })
  .meta({ id: 'NewServiceConsumer' });

export const Consumer = z
  .strictObject({
    service: z.string(),
    consumer: z.string(),
    range: VersionRange,
    contract: ConsumerContract,
    updatedAt: z.iso.datetime(),
    updatedBy: z.string(),
  })
  .meta({ id: 'ServiceConsumer' });
export type Consumer = z.infer<typeof Consumer>;

export const ConsumerWithVersions = Consumer.extend({
  versions: z.array(Version).describe('Registered versions that it goes on with, the lowest first'),
  excluded: z
    .array(z.strictObject({ version: Version, why: z.string() }))
    .describe('Versions in its range that break it all the same'),
}).meta({ id: 'ServiceConsumerWithVersions' });
export const ConsumerPage = pageOf(Consumer).meta({ id: 'ServiceConsumerPage' });
