import { z } from 'zod';

/** What an instance of the shop is started with. */
export const InstanceSettings = z.strictObject({
  url: z.url().describe('Of the platform'),
  token: z.string(),
  name: z.string(),
});
export type InstanceSettings = z.infer<typeof InstanceSettings>;

/** What the shop's users are started with. */
export const UserSettings = z.strictObject({
  /** Of the instances. */
  urls: z.array(z.url()).min(1),
  /** Different ones, who come one after the other, each time to another instance. */
  users: z.int().positive(),
  /** Requests a second, of all. */
  rate: z.number().positive(),
});
export type UserSettings = z.infer<typeof UserSettings>;

/** What one user saw of one request. */
export const Visit = z.strictObject({
  /** When it was sent, epoch ms. */
  at: z.number(),
  user: z.int(),
  instance: z.int(),
  /** 0: nobody answered. */
  status: z.int(),
  /** Whether it was the new checkout; null where nobody said. */
  isNew: z.boolean().nullable(),
  /** The limit that payments had in it, ms. */
  limitMs: z.number().nullable(),
  tookMs: z.number(),
});
export type Visit = z.infer<typeof Visit>;
export const Visits = z.array(Visit);

/** By these headers an instance says what was in force for a request. */
export const headers = {
  user: 'x-user',
  checkout: 'x-shop-checkout',
  limit: 'x-shop-payment-limit-ms',
} as const;
