import { z } from 'zod';

const part = '[A-Za-z0-9][A-Za-z0-9._+-]{0,99}';

/** One of the two parts of a breaker's name. */
export const NamePart = z.string().regex(new RegExp(`^${part}$`), {
  error: 'Expected 1 to 100 letters, digits, dots, underscores, plus or minus signs, a letter or digit first',
});

/** What is called, and which version of it: `orders/1.4.0`. One breaker for all callers that give the same name. */
export const BreakerName = z.string().regex(new RegExp(`^${part}/${part}$`), {
  error: 'Expected <service>/<version>, for example orders/1.4.0',
});

/** When a circuit breaker opens, and how it finds out that it may close. */
export const BreakerPolicy = z
  .strictObject({
    windowMs: z
      .int()
      .min(5_000)
      .max(600_000)
      .default(30_000)
      .describe('Calls of this long count together, ms'),
    minimumCalls: z
      .int()
      .min(1)
      .max(100_000)
      .default(20)
      .describe('With fewer calls in the window it never opens'),
    failureRate: z.number().gt(0).max(1).default(0.5).describe('Opens when this share of the calls failed'),
    slowMs: z
      .int()
      .min(1)
      .max(900_000)
      .nullable()
      .default(null)
      .describe('A call that takes this long is slow; null: none is'),
    slowRate: z.number().gt(0).max(1).default(0.8).describe('Opens when this share of the calls was slow'),
    openMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(5_000)
      .describe('How long it stays open the first time, ms; doubled each time a probe fails'),
    longestOpenMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(60_000)
      .describe('The longest it stays open before the next probe, ms'),
    probes: z
      .int()
      .min(1)
      .max(100)
      .default(1)
      .describe('Probes, one after the other, that must succeed before it closes'),
    leaseMs: z
      .int()
      .min(1_000)
      .max(900_000)
      .default(30_000)
      .describe('A probe that has not ended by then is given up, ms: longer than any call may take'),
  })
  .refine(({ openMs, longestOpenMs }) => longestOpenMs >= openMs, {
    error: 'longestOpenMs is not below openMs',
    path: ['longestOpenMs'],
  });
export type BreakerPolicy = z.infer<typeof BreakerPolicy>;
