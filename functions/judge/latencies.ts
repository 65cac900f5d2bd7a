import {
  firstBucket,
  type LatencyHistogram,
  lastBucket,
  quantile as quantileOf,
} from '#platform/latency-histogram.ts';
import { lastThat, type Moment } from './evidence.ts';
import type { Sample } from './samples.ts';

const buckets = lastBucket - firstBucket + 1;
const width = buckets + 1;

/** Row t, place j: how many latencies of the samples before t lie above the first j buckets. */
function countsAbove(histograms: readonly LatencyHistogram[]): Float64Array {
  const rows = new Float64Array((histograms.length + 1) * width);
  for (const [at, histogram] of histograms.entries()) {
    const row = (at + 1) * width;
    for (const bucket in histogram) rows[row + Number(bucket) - firstBucket] = histogram[bucket] ?? 0;
    let above = 0;
    for (let place = buckets - 1; place >= 0; place--) {
      above += rows[row + place] ?? 0;
      rows[row + place] = above + (rows[row + place - width] ?? 0);
    }
  }
  return rows;
}

/** The samples' histograms, once for all that is asked of them. */
export interface Latencies {
  samples: number;
  baseline: Float64Array;
  canary: Float64Array;
}

export const latenciesOf = (samples: readonly Sample[]): Latencies => ({
  samples: samples.length,
  baseline: countsAbove(samples.map((one) => one.baseline.latency)),
  canary: countsAbove(samples.map((one) => one.canary.latency)),
});

/** How many latencies of the samples from … until-1 lie above the first `place` buckets. */
function above(rows: Float64Array, from: number, until: number, place: number): number {
  if (place >= buckets) return 0;
  const within = Math.max(0, place);
  return (rows[until * width + within] ?? 0) - (rows[from * width + within] ?? 0);
}

/**
 * For each sample how many requests of both sides were slow, once the canary's latencies are divided by 2^(step/8): slow
 * is what lies in or above the bucket of the quantile of both sides together. That is taken from the sample itself, so
 * that load which slows both sides moves it, and from those before as long as there are too few requests to tell.
 */
export function slowMoments(
  { samples, baseline, canary }: Latencies,
  quantile: number,
  step: number,
): Moment[] {
  const enough = 20 / (1 - quantile);
  const moments: Moment[] = [];
  let from = 0;
  for (let at = 0; at < samples; at++) {
    const until = at + 1;
    const total = (since: number) => above(baseline, since, until, 0) + above(canary, since, until, 0);
    while (from < at && total(from + 1) >= enough) from += 1;
    const wanted = (1 - quantile) * total(from);
    const place = lastThat(
      buckets,
      (candidate) =>
        above(baseline, from, until, candidate) + above(canary, from, until, candidate + step) >= wanted,
    );
    moments.push({
      baseline: { requests: above(baseline, at, until, 0), bad: above(baseline, at, until, place) },
      canary: { requests: above(canary, at, until, 0), bad: above(canary, at, until, place + step) },
    });
  }
  return moments;
}

/** A side's quantile in ms when each of its samples counts `weights[t]` times; null without any latency. */
export function weightedQuantile(
  rows: Float64Array,
  weights: readonly number[],
  quantile: number,
): number | null {
  const sums = new Float64Array(buckets);
  for (const [at, weight] of weights.entries()) {
    if (weight === 0) continue;
    for (let place = 0; place < buckets; place++) {
      const count = above(rows, at, at + 1, place) - above(rows, at, at + 1, place + 1);
      sums[place] = (sums[place] ?? 0) + weight * count;
    }
  }
  const entries = [...sums].map((count, place): [string, number] => [String(place + firstBucket), count]);
  return quantileOf(Object.fromEntries(entries), quantile);
}
