import { z } from 'zod';
import { ApiVersion } from '#compatibility/api-version.ts';
import { pageOf } from '#platform/page.ts';

/** What the header that names the consumer holds. */
export const ConsumerId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$/,
    'Expected letters, digits and . _ @ : + -, at most 128 characters',
  );

const Address = z
  .url({ protocol: /^https?$/, error: 'Expected http://… or https://…' })
  .max(1_024)
  .refine((text) => {
    const { username, password } = new URL(text);
    return `${username}${password}` === '';
  }, 'Expected no user name in the address');

/** Where a consumer is told of what goes away. */
export const Contacts = z.strictObject({
  emails: z.array(z.email().max(254)).max(10).default([]),
  webhook: Address.nullable().default(null).describe('Gets signed messages after Standard Webhooks'),
});
export type Contacts = z.infer<typeof Contacts>;

export const NewConsumer = z
  .strictObject({
    name: z.string().trim().min(1).max(200).describe('For people'),
    contacts: Contacts.default({ emails: [], webhook: null }),
  })
  .meta({ id: 'NewApiConsumer' });
export type NewConsumer = z.infer<typeof NewConsumer>;

export const Consumer = NewConsumer.extend({
  id: z.string(),
  pins: z.record(z.string(), ApiVersion).describe('The version of each API that it is pinned to'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}).meta({ id: 'ApiConsumer' });
export type Consumer = z.infer<typeof Consumer>;
export const ConsumerPage = pageOf(Consumer).meta({ id: 'ApiConsumerPage' });

export const Pin = z.strictObject({ version: ApiVersion }).meta({ id: 'ApiPin' });
export const PinView = z
  .strictObject({ api: z.string(), consumer: z.string(), version: ApiVersion, served: z.boolean() })
  .meta({ id: 'ApiPinView' });
export const PinPage = pageOf(z.strictObject({ consumer: z.string(), version: ApiVersion })).meta({
  id: 'ApiPinPage',
});
