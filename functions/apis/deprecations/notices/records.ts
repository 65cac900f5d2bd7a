import { z } from 'zod';

/** A notice as it was told; written once, whoever asks again finds this one. */
export const NoticeRecord = z.object({
  id: z.string(),
  deprecation: z.string(),
  api: z.string(),
  version: z.string(),
  kind: z.string(),
  title: z.string(),
  text: z.string(),
  successor: z.string(),
  guide: z.string().nullable(),
  sunset: z.string().nullable(),
  at: z.string(),
  consumers: z.array(z.string()),
});
export type NoticeRecord = z.infer<typeof NoticeRecord>;

export const DeliveryAttempt = z.object({ at: z.string(), status: z.int().nullable(), detail: z.string() });

/** One notice on its way to one consumer by one channel. */
export const NoticeDelivery = z.object({
  /** `<deprecation>~<key of the item>`. */
  id: z.string(),
  notice: z.string(),
  consumer: z.string(),
  channel: z.enum(['webhook', 'email']),
  status: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.int(),
  /** When the next try is due, epoch ms; null: there is none. */
  dueAt: z.number().nullable(),
  last: DeliveryAttempt.nullable(),
  revision: z.int(),
});
export type NoticeDelivery = z.infer<typeof NoticeDelivery>;
