import { z } from 'zod';
import type { Evidence } from './evidence.ts';

/** What a comparison came to, before the verdict. */
export interface Compared extends Evidence {
  /** What was compared of each side: requests, for custom metrics pairs of numbers. */
  requests: { baseline: number; canary: number };
  tolerance: number;
  baseline: number | null;
  canary: number | null;
  difference: number | null;
  interval: { low: number | null; high: number | null } | null;
}

const figure = z.number().nullable();

export const MetricJudgement = z
  .strictObject({
    metric: z.string().describe('error_rate, latency_p95, or the name of a custom metric'),
    verdict: z.enum(['worse', 'no_worse', 'inconclusive']),
    unit: z.enum(['share', 'ms', 'number']).describe('Of baseline and canary; share: 0 to 1'),
    baseline: figure.describe('With the canary’s share of traffic at each time'),
    canary: figure,
    difference: figure.describe('Of shares their difference; else by the baseline: 0.3 is 30 % more'),
    interval: z
      .strictObject({ low: figure, high: figure })
      .nullable()
      .describe('What differences are still possible; null is no bound'),
    tolerance: z.number().describe('The difference that is not worth a rollback'),
    requests: z
      .strictObject({ baseline: z.int(), canary: z.int() })
      .describe('Compared of each side; pairs of numbers for custom metrics'),
    eValue: z
      .number()
      .describe('Evidence that it is worse than tolerated: the highest so far, 10^12 at most'),
    condemnsAt: z.number().describe('The e-value at which it is worse'),
    condemnedAt: z.string().nullable().describe('End of the sample that condemned it'),
    says: z.string().describe('In words, with what would condemn it or is missing'),
  })
  .meta({ id: 'MetricJudgement' });
export type MetricJudgement = z.infer<typeof MetricJudgement>;

export const LimitJudgement = z
  .strictObject({
    limit: z.string().describe('error_rate, latency_p95, or the name of a custom metric'),
    verdict: z.enum(['broken', 'kept', 'inconclusive']),
    allowed: z.string(),
    found: figure.describe('What broke it; else the latest'),
    brokenAt: z.string().nullable(),
    says: z.string(),
  })
  .meta({ id: 'LimitJudgement' });
export type LimitJudgement = z.infer<typeof LimitJudgement>;

export const Judgement = z
  .strictObject({
    verdict: z
      .enum(['fail', 'pass', 'inconclusive'])
      .describe('pass: everything was looked at often enough, and nothing is worse or broken'),
    /** Of the last sample; null when there is none. */
    until: z.string().nullable(),
    samples: z.int(),
    metrics: z.array(MetricJudgement),
    limits: z.array(LimitJudgement),
    problems: z.array(z.string()).describe('Why sources had no data; the last 5 that differ'),
    why: z.array(z.string()).describe('What decided, in words'),
  })
  .meta({ id: 'Judgement' });
export type Judgement = z.infer<typeof Judgement>;
