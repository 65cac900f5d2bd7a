import { z } from 'zod';
import { latencyHistogram } from '#platform/latency-histogram.ts';
import { MetricName } from './criteria.ts';

/** Of one format, so that moments can be compared as texts. */
const Moment = z.iso.datetime({ precision: 3 });

/** What one version answered within a sample's time. */
export const Side = z
  .strictObject({
    requests: z.int().nonnegative(),
    errors: z.int().nonnegative(),
    latency: latencyHistogram,
  })
  .refine(({ requests, errors }) => errors <= requests, 'expected no more errors than requests');
export type Side = z.infer<typeof Side>;

/** A number of a custom metric; null when the source had none. */
const Pair = z.strictObject({ baseline: z.number().nullable(), canary: z.number().nullable() });

/** Baseline and canary at the same time. A sample with `problem` says why its source had nothing. */
export const Sample = z
  .strictObject({
    from: Moment,
    to: Moment,
    baseline: Side,
    canary: Side,
    numbers: z.record(MetricName, Pair).optional(),
    problem: z.string().max(500).optional(),
  })
  .meta({ id: 'JudgedSample' });
export type Sample = z.infer<typeof Sample>;

export const nothing: Side = { requests: 0, errors: 0, latency: {} };
