import { z } from 'zod';
import { pageOf, pageQuery } from '#platform/page.ts';
import { WorkflowEvent } from '#platform/workflow-record.ts';
import { FlagKey } from '../authoring/flag.ts';
import { Percentage, VariantName } from '../authoring/serve.ts';
import { isMetric } from '../experiments/events.ts';
import { EnvironmentName } from '../schemas.ts';

// What a person sends and sees of rollouts; what is stored is in records.ts.

export const RolloutId = z.string().regex(/^rol_[A-Za-z0-9]{1,40}$/, 'Expected an id such as rol_1f3a…');

/** Two weeks: longer rollouts are two. */
const longestHold = 1_209_600;
const HoldSeconds = z
  .int()
  .min(0)
  .max(longestHold, {
    error: ({ input }) => `Expected at most ${longestHold} seconds, two weeks, found ${String(input)}`,
  });
const Metric = z
  .string()
  .refine(isMetric, 'Expected at most 64 letters, digits, dots, dashes or colons, as tracks are called');
const Metrics = z
  .array(Metric)
  .max(5)
  .refine((names) => new Set(names).size === names.length, 'Expected each only once');
const Url = z
  .string()
  .max(1_024)
  .refine(
    (text) => URL.canParse(text) && /^https?:/.test(text),
    'Expected a URL such as https://10.0.3.7/health',
  );

export const RolloutStep = z.strictObject({
  percentage: Percentage.refine((value) => value > 0, 'Expected a percentage above 0'),
  holdSeconds: HoldSeconds.describe('How long it stays so, once all readers have it'),
});

/** By what users of the new variant are held against the others; all of it users, each counted once in a step. */
export const RolloutJudge = z
  .strictObject({
    errors: Metrics.default([]).describe('Tracks that say that something went wrong for a user'),
    conversions: Metrics.default([]).describe('Tracks of what as many users are to do as before'),
    alpha: z
      .number()
      .positive()
      .max(0.2)
      .default(0.01)
      .describe('Probability of condemning a variant without a difference'),
    tolerance: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.01)
      .describe('Difference that is not worth a rollback: 0.01 is one percentage point of the users'),
    maxErrors: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('Most users of the new variant that may have errors, 0 to 1, whatever the others have'),
    minUsers: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(100)
      .describe('Users of each side that a step needs before it passes'),
    waitSeconds: HoldSeconds.default(3_600).describe(
      'How long a step waits beyond its time for enough users; then the rollout pauses',
    ),
  })
  .refine(({ errors, conversions }) => errors.length + conversions.length > 0, {
    path: ['errors'],
    error: 'Expected at least one track to judge by, in errors or conversions',
  })
  .meta({ id: 'FlagRolloutJudge' });
export type RolloutJudge = z.infer<typeof RolloutJudge>;

const Why = z.string().trim().min(1).max(500);

export const NewRollout = z
  .strictObject({
    to: VariantName.default('on').describe('The variant that ever more people get'),
    steps: z
      .array(RolloutStep)
      .min(1)
      .max(20)
      .superRefine((steps, { addIssue }) => {
        for (const [at, { percentage }] of steps.entries()) {
          const before = steps[at - 1]?.percentage;
          if (before === undefined || percentage > before) continue;
          const message = `Expected more than ${before}, which the step before has, found ${percentage}`;
          addIssue({ code: 'custom', path: [at, 'percentage'], message });
        }
      })
      .describe('Percentages rise from step to step'),
    judge: RolloutJudge.optional(),
    health: z
      .strictObject({ urls: z.array(Url).min(1).max(5) })
      .optional()
      .describe('Asked at every look: well is an answer below 400; ill twice in a row fails'),
    lookSeconds: z
      .int()
      .min(1)
      .max(3_600)
      .default(60)
      .describe('Between two looks at what is judged, at first; the longer a step has had, the more'),
    onFail: z.enum(['rollback', 'pause']).default('rollback'),
    why: Why,
  })
  .meta({ id: 'NewFlagRollout' });
export type NewRollout = z.infer<typeof NewRollout>;

export const RolloutStatus = z.enum([
  'running',
  'paused',
  'rolling_back',
  'completed',
  'rolled_back',
  'superseded',
  'killed',
  'needs_attention',
]);
export type RolloutStatus = z.infer<typeof RolloutStatus>;

export const RolloutAction = z.enum(['pause', 'resume', 'promote', 'rollback']);
export type RolloutAction = z.infer<typeof RolloutAction>;

const Users = z.strictObject({ baseline: z.int(), canary: z.int() });

export const RolloutJudgement = z
  .strictObject({
    verdict: z.enum(['pass', 'fail', 'inconclusive']),
    at: z.iso.datetime(),
    users: Users.describe('Compared so far: of the other variant, and of the new one'),
    metrics: z.array(
      z.strictObject({
        metric: z.string(),
        verdict: z.enum(['worse', 'no_worse', 'inconclusive']),
        baseline: z.number().nullable().describe('Share of users, 0 to 1'),
        canary: z.number().nullable(),
        eValue: z.number().describe('Evidence that it is worse than tolerated'),
        condemnsAt: z.number(),
      }),
    ),
    why: z.array(z.string()),
  })
  .meta({ id: 'FlagRolloutJudgement' });
export type RolloutJudgement = z.infer<typeof RolloutJudgement>;

const Time = z.iso.datetime().nullable();
const By = z.strictObject({ by: z.string(), at: z.iso.datetime(), why: z.string() });

export const RolloutHealth = z.strictObject({ url: z.string(), well: z.boolean(), detail: z.string() });
export type RolloutHealth = z.infer<typeof RolloutHealth>;

export const FlagRollout = z
  .strictObject({
    id: RolloutId,
    environment: z.string(),
    flag: z.string(),
    status: RolloutStatus,
    to: z.string(),
    rest: z.string().describe('What all others get'),
    steps: z.array(RolloutStep),
    step: z.int().nullable().describe('Of `steps`, from 0; null: none yet'),
    percentage: z.number().describe('Of those who get the new variant by this rollout'),
    publishedAt: Time.describe('When all readers had the step'),
    holdsUntil: Time.describe('When the step has had its time'),
    judge: RolloutJudge.nullable(),
    judgement: RolloutJudgement.nullable(),
    health: z.array(RolloutHealth).describe('What the last look found'),
    onFail: z.enum(['rollback', 'pause']),
    paused: By.nullable(),
    reason: z.string().nullable().describe('Why it went back, stopped or ended as it did'),
    versions: z
      .strictObject({ before: z.int(), newest: z.int() })
      .describe('Of the flag: what it goes back to, and what the rollout set last'),
    why: z.string(),
    createdBy: z.string(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    endedAt: Time,
    next: z.array(
      z.strictObject({ action: RolloutAction, why: z.string(), path: z.string(), command: z.string() }),
    ),
  })
  .meta({ id: 'FlagRollout' });
export type FlagRollout = z.infer<typeof FlagRollout>;
export const FlagRolloutPage = pageOf(FlagRollout).meta({ id: 'FlagRolloutPage' });

export const RolloutEvent = WorkflowEvent.meta({ id: 'FlagRolloutEvent' });
export type RolloutEvent = z.infer<typeof RolloutEvent>;
export const RolloutEventPage = pageOf(RolloutEvent).meta({ id: 'FlagRolloutEventPage' });

export const RolloutParams = z.strictObject({ id: RolloutId });
export const RolloutsQuery = pageQuery.extend({
  environment: EnvironmentName.optional(),
  flag: FlagKey.optional(),
  status: RolloutStatus.optional(),
});

/** What a person decides of a rollout. */
export const RolloutDecision = z
  .strictObject({
    why: Why,
    step: z
      .int()
      .min(0)
      .nullable()
      .optional()
      .describe('The step that the caller saw; refused when it is another by now'),
  })
  .meta({ id: 'FlagRolloutDecision' });
export type RolloutDecision = z.infer<typeof RolloutDecision>;

/** What every task of the workflow is given. */
export const TaskOfRollout = z.strictObject({ rolloutId: RolloutId, execution: z.string().min(1) });
export type TaskOfRollout = z.infer<typeof TaskOfRollout>;
