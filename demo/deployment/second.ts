import { z } from 'zod';

/** How many visitors come, and where to. */
export const TrafficSettings = z.strictObject({
  url: z.url(),
  /** Requests a second. */
  rate: z.number().positive(),
});
export type TrafficSettings = z.infer<typeof TrafficSettings>;

/** What came of the requests of one second. */
export const Second = z.strictObject({
  at: z.number(),
  /** By version: answers, those of them with 500 and more, and how long each took, ms. */
  versions: z.record(
    z.string(),
    z.strictObject({ answers: z.int(), errors: z.int(), latencies: z.array(z.number()) }),
  ),
  /** Requests that no version answered, by why. */
  lost: z.record(z.string(), z.int()),
});
export type Second = z.infer<typeof Second>;
