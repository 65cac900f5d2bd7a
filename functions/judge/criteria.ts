import { z } from 'zod';

/** Name of a number that the user brings: of a query, of CloudWatch. */
export const MetricName = z
  .string()
  .regex(/^[a-z][a-z0-9_.-]{0,59}$/, 'expected a name such as orders_per_minute');

const Quantile = z.number().min(0.5).max(0.999);
const distinct = <T>(of: (one: T) => unknown) =>
  [
    (list: readonly T[]) => new Set(list.map(of)).size === list.length,
    { error: 'expected each only once' },
  ] as const;

const LatencyCriterion = z.strictObject({
  quantile: Quantile.default(0.95),
  tolerance: z
    .number()
    .min(0)
    .max(10)
    .default(0.25)
    .describe('Increase by the baseline’s latency that is not worth a rollback; rounded up to a step of 9 %'),
});
export type LatencyCriterion = z.infer<typeof LatencyCriterion>;

const CustomMetric = z
  .strictObject({
    name: MetricName,
    worse: z.enum(['higher', 'lower']).default('higher'),
    tolerance: z
      .number()
      .min(0)
      .max(10)
      .default(0.1)
      .describe('Part of the baseline’s number by which the canary’s may be worse'),
    limit: z
      .strictObject({
        max: z.number().optional(),
        min: z.number().optional(),
        times: z.int().min(1).max(100).default(2).describe('Samples in a row that break it'),
      })
      .refine(({ max, min }) => max !== undefined || min !== undefined, 'expected max, min, or both')
      .nullable()
      .default(null),
    compare: z.boolean().default(true).describe('false: there is a limit, and no baseline to compare with'),
  })
  .refine(({ compare, limit }) => compare || limit !== null, 'expected a limit where nothing is compared');
export type CustomMetric = z.infer<typeof CustomMetric>;

const Limits = z.strictObject({
  errorRate: z.number().min(0).max(1).optional().describe('Most of the canary’s requests that may fail'),
  latency: z
    .array(z.strictObject({ quantile: Quantile.default(0.95), ms: z.number().positive() }))
    .max(5)
    .refine(...distinct<{ quantile: number }>((one) => one.quantile))
    .default([]),
  minRequests: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(50)
    .describe('Requests of the canary that a limit looks at'),
});
export type Limits = z.infer<typeof Limits>;

/** By what a canary is judged. `{}` is what we recommend: error rate and p95 latency against the baseline. */
export const JudgeCriteria = z
  .strictObject({
    alpha: z
      .number()
      .positive()
      .max(0.2)
      .default(0.01)
      .describe(
        'Probability of condemning a canary without a difference: all metrics, all looks, the whole deployment',
      ),
    errorRate: z
      .strictObject({
        tolerance: z
          .number()
          .min(0)
          .max(0.5)
          .default(0.002)
          .describe('Increase that is not worth a rollback: 0.002 is 0.2 percentage points'),
      })
      .nullable()
      .default({ tolerance: 0.002 }),
    latency: z
      .array(LatencyCriterion)
      .max(5)
      .refine(...distinct<LatencyCriterion>((one) => one.quantile))
      .default([{ quantile: 0.95, tolerance: 0.25 }]),
    limits: Limits.default({ latency: [], minRequests: 50 }),
    minRequests: z
      .int()
      .min(1)
      .max(10_000_000)
      .default(500)
      .describe('Requests of each side that must have been compared before it can pass'),
    minPairs: z
      .int()
      .min(1)
      .max(10_000)
      .default(5)
      .describe('Pairs of numbers of each custom metric that must have been compared before it can pass'),
    metrics: z
      .array(CustomMetric)
      .max(10)
      .refine(...distinct<CustomMetric>((one) => one.name))
      .default([]),
  })
  .meta({ id: 'JudgeCriteria' });
export type JudgeCriteria = z.infer<typeof JudgeCriteria>;
