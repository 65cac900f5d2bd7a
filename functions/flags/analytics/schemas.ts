import { z } from 'zod';

const Count = z.int().min(0);
const Share = z.number().min(0).max(1);
const Interval = z.strictObject({ low: z.number(), high: z.number() }).meta({
  id: 'FlagInterval',
  description: 'Holds the true number in 95 of 100 cases, for one look that was planned',
});

const Conversion = z.strictObject({
  metric: z.string(),
  users: Count.describe('Who saw the variant first, and did it later'),
  rate: Share,
  interval: Interval,
  difference: z
    .strictObject({ value: z.number(), interval: Interval, pValue: Share })
    .nullable()
    .describe('Of the rate, to the control; null for the control itself'),
  mean: z.number().nullable().describe('Of the numbers that came with it; null without any'),
  meanInterval: Interval.nullable(),
});

const VariantUse = z.strictObject({
  variant: z.string(),
  evaluations: Count,
  users: z.strictObject({
    count: Count,
    exact: z.boolean().describe('Experiments count each user; else it is an estimate between low and high'),
    low: Count,
    high: Count,
  }),
  conversions: z.array(Conversion),
});

export const SampleRatio = z
  .strictObject({
    verdict: z.enum(['as expected', 'mismatch', 'not judged']),
    why: z.string().nullable(),
    evidence: z
      .number()
      .describe('How much likelier the users are under another split; may be looked at any time'),
    threshold: z.number(),
    since: z.iso.datetime().nullable().describe('When the mismatch was clear'),
    splits: z
      .array(z.array(z.strictObject({ variant: z.string(), share: Share, users: Count })))
      .describe('Users of the run by the split that was in force when they came'),
    pValue: Share.nullable().describe('Of a chi-square test, for one look that was planned'),
  })
  .meta({ id: 'FlagSampleRatio' });
export type SampleRatio = z.infer<typeof SampleRatio>;

export const FlagAnalytics = z
  .strictObject({
    environment: z.string(),
    flag: z.string(),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    experiment: z
      .strictObject({
        run: Count,
        startedAt: z.iso.datetime(),
        control: z.string().nullable(),
        sampleRatio: SampleRatio,
      })
      .nullable()
      .describe('Null where the flag is no experiment, or nobody saw it yet'),
    variants: z.array(VariantUse),
    hours: z
      .array(
        z.strictObject({
          hour: z.iso.datetime(),
          variants: z.array(z.strictObject({ variant: z.string(), evaluations: Count, newUsers: Count })),
        }),
      )
      .describe('Hours in which something was counted, oldest first'),
  })
  .meta({ id: 'FlagAnalytics' });
export type FlagAnalytics = z.infer<typeof FlagAnalytics>;
