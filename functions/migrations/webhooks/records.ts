import { z } from 'zod';
import { Attempt, DeliveryStatus, WebhookFilter, WebhookKind } from './schemas.ts';

// What is stored of webhooks. Read leniently, as records.ts beside says.

export const WebhookRecord = z.object({
  schemaVersion: z.literal(1),
  version: z.int(),
  id: z.string(),
  kind: WebhookKind,
  /** Of Slack only what may be shown; the whole of it is in the secret. */
  url: z.string(),
  description: z.string(),
  filter: WebhookFilter,
  disabled: z.object({ why: z.enum(['asked', 'failing', 'gone']), at: z.string() }).nullable(),
  /** The event of its being disabled is not published yet. */
  unannounced: z.boolean(),
  failingSince: z.string().nullable(),
  createdAt: z.string(),
  createdBy: z.string(),
  updatedAt: z.string(),
});
export type WebhookRecord = z.infer<typeof WebhookRecord>;

export const DeliveryRecord = z.object({
  version: z.int(),
  id: z.string(),
  webhook: z.string(),
  type: z.string(),
  status: DeliveryStatus,
  createdAt: z.string(),
  /** Epoch ms: the next try, or the end of the claim of whoever tries now; null when it is over. */
  dueAt: z.number().nullable(),
  attempts: z.int(),
  last: z.array(Attempt),
  /** JSON as it is sent, byte for byte at every try. */
  payload: z.string(),
  /** Epoch s. */
  expiresAt: z.int(),
});
export type DeliveryRecord = z.infer<typeof DeliveryRecord>;
