import { z } from 'zod';
import type { Stability } from '../schemas.ts';

const Days = z.int().min(0).max(3_650);

export const BrownoutPlan = z.strictObject({
  hours: z.int().min(1).max(72),
  gapDays: z.int().min(1).max(365).describe('From its beginning to the next one, or to the removal'),
});

/** How a version, or a part of one, goes away. */
export const Policy = z
  .strictObject({
    noticeDays: z.int().min(1).max(3_650).describe('From the announcement to the removal'),
    remindDays: z
      .array(Days)
      .max(20)
      .default([])
      .describe('Days before the removal on which all that have not consented are reminded'),
    extensions: z
      .strictObject({
        max: z.int().min(0).max(20).describe('How often it may be put off'),
        days: z.int().min(1).max(730).describe('By how many days at most each time'),
        automatic: z
          .boolean()
          .default(false)
          .describe('When its time is over and consumers still use it, it is put off by itself'),
      })
      .default({ max: 1, days: 30, automatic: false }),
    brownouts: z.array(BrownoutPlan).max(20).default([]),
    brownoutNoticeDays: z
      .int()
      .min(0)
      .max(90)
      .default(7)
      .describe('Days between saying that one comes and it'),
    brownoutStatus: z
      .union([z.literal(410), z.literal(503)])
      .default(503)
      .describe('What requests get during one; never 429, which reads as a rate limit'),
    consent: z
      .enum(['required', 'enough', 'not'])
      .default('enough')
      .describe(
        'required: nothing is removed before every consumer consents; enough: when all do, their consent ends the wait; not: time alone counts',
      ),
    harm: z
      .strictObject({
        refused: z
          .int()
          .min(0)
          .max(10_000_000)
          .describe('Requests of one consumer that has not consented, in one brownout'),
        exemptErrors: z
          .int()
          .min(0)
          .max(10_000_000)
          .describe('Errors of one exempt consumer, in one brownout'),
      })
      .default({ refused: 100, exemptErrors: 10 })
      .describe('More than this, and the brownout ends at once'),
    refuseNewConsumers: z.boolean().default(true).describe('Consumers that never used it may not begin to'),
    restoreDays: z.int().min(0).max(365).default(30).describe('How long a removal can be undone'),
    usageDays: z.int().min(1).max(90).default(30).describe('How far back usage is looked at'),
  })
  .superRefine((policy, context) => {
    const problem = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    const gaps = policy.brownouts.reduce((sum, { gapDays }) => sum + gapDays, 0);
    const needed = gaps === 0 ? 0 : gaps + policy.brownoutNoticeDays;
    if (needed > policy.noticeDays)
      problem(
        'brownouts',
        `Expected them to fit into ${policy.noticeDays} days, found ${needed} days with their notice`,
      );
    if (policy.brownouts.some(({ hours, gapDays }) => hours > gapDays * 24))
      problem('brownouts', 'Expected each to end before its gap does');
    if (policy.remindDays.some((days) => days >= policy.noticeDays))
      problem('remindDays', `Expected fewer days than the notice of ${policy.noticeDays}`);
  })
  .meta({ id: 'DeprecationPolicy' });
export type Policy = z.infer<typeof Policy>;

export const PolicyName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'Expected lower-case letters, digits and hyphens, at most 63');

const weekly = (...hours: number[]) => hours.map((each) => ({ hours: each, gapDays: 7 }));

/**
 * Policies that are there from the beginning. `stable` is GitHub's 24 months for its REST API with the growing brownouts
 * that Sourcify used, `beta` the 180 days of Google's AIP-185, `kubernetes` the twelve months of its GA APIs, which know no
 * brownouts, `internal` for consumers that sit in the same house.
 */
const builtIn = {
  stable: {
    noticeDays: 730,
    remindDays: [365, 180, 90, 30, 7, 1],
    extensions: { max: 2, days: 90, automatic: false },
    brownouts: weekly(1, 1, 4, 4, 8, 8, 24, 24),
    brownoutNoticeDays: 14,
  },
  beta: {
    noticeDays: 180,
    remindDays: [90, 30, 7, 1],
    extensions: { max: 1, days: 60, automatic: false },
    brownouts: weekly(1, 4, 24),
  },
  kubernetes: {
    noticeDays: 365,
    remindDays: [180, 90, 30, 7],
    extensions: { max: 1, days: 120, automatic: false },
    consent: 'not',
  },
  internal: {
    noticeDays: 30,
    remindDays: [14, 7, 1],
    extensions: { max: 2, days: 14, automatic: true },
    brownouts: [
      { hours: 1, gapDays: 3 },
      { hours: 4, gapDays: 3 },
    ],
    brownoutNoticeDays: 2,
    consent: 'required',
    harm: { refused: 1_000, exemptErrors: 10 },
    restoreDays: 14,
  },
} satisfies Record<string, z.input<typeof Policy>>;

export const builtInPolicies: ReadonlyMap<string, Policy> = new Map(
  Object.entries(builtIn).map(([name, policy]) => [name, Policy.parse(policy)]),
);

/** The policy that follows from how much callers may rely on a version. */
export const policyOfStability: Record<Stability, keyof typeof builtIn> = {
  stable: 'stable',
  beta: 'beta',
  alpha: 'internal',
  draft: 'internal',
};
