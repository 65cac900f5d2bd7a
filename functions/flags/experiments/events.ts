import { z } from 'zod';
import { longestTargetingKey, longestTrackName } from './limits.ts';

/** Who sends a batch chooses its id: sent again under the same id, it counts once. */
const BatchId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{7,99}$/, 'Expected 8 to 100 letters, digits, dots, dashes or colons');

const FlagName = z.string().min(1).max(256);
const VariantName = z.string().min(1).max(256);
/** Who it was, as the context of the evaluation says; kept as a salted hash only. */
const TargetingKey = z.string().min(1).max(longestTargetingKey);
const At = z.iso.datetime().describe('When it happened');

/** What is counted of users: letters, digits, dots, dashes and colons, at most 64. */
export const isMetric = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/.test(name);

export const mostEvents = 500;

/** Users who saw a variant. */
export const ExposureBatch = z
  .strictObject({
    id: BatchId,
    events: z
      .array(
        z.strictObject({
          flag: FlagName,
          variant: VariantName,
          targetingKey: TargetingKey,
          at: At,
          reason: z.string().max(64).optional(),
        }),
      )
      .max(mostEvents),
    evaluations: z
      .array(
        z.strictObject({
          flag: FlagName,
          variant: VariantName,
          at: At.describe('When the last of them happened: they count in the hour of it'),
          count: z.int().min(1).max(1_000_000_000),
        }),
      )
      .max(mostEvents)
      .optional()
      .describe('How often flags were evaluated; left out, each event counts as one evaluation'),
  })
  .meta({ id: 'FlagExposureBatch' });
export type ExposureBatch = z.infer<typeof ExposureBatch>;

/** Users who did what an experiment is about. */
export const TrackBatch = z
  .strictObject({
    id: BatchId,
    events: z
      .array(
        z.strictObject({
          name: z
            .string()
            .max(longestTrackName)
            .describe(
              'Of what is counted: at most 64 letters, digits, dots, dashes or colons; others count for nothing',
            ),
          targetingKey: TargetingKey,
          value: z.number().nullish().describe('From -1e12 to 1e12; others count as none'),
          at: At,
        }),
      )
      .max(mostEvents),
  })
  .meta({ id: 'FlagTrackBatch' });
export type TrackBatch = z.infer<typeof TrackBatch>;

export const AcceptedBatch = z
  .strictObject({
    accepted: z.int().describe('Events that count'),
    ignored: z
      .array(z.strictObject({ reason: z.string(), events: z.int() }))
      .describe('Events that do not, and why'),
    repeated: z.boolean().describe('This batch was here before: nothing was counted again'),
  })
  .meta({ id: 'FlagAcceptedBatch' });
export type AcceptedBatch = z.infer<typeof AcceptedBatch>;

const pastMs = 7 * 86_400_000;
const aheadMs = 5 * 60_000;

/** Events of more than a week ago, or from clocks that are more than five minutes ahead, count for nothing. */
export const isInTime = (at: string, now: number): boolean => {
  const moment = Date.parse(at);
  return moment >= now - pastMs && moment <= now + aheadMs;
};

/** The hour of a moment, as use is counted by: `2026-11-22T03`. */
export const hourOf = (at: string | number): string => new Date(at).toISOString().slice(0, 13);
