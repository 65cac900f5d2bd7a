import { z } from 'zod';

/** Eight buckets a doubling: a bucket's bounds differ by 9 %, which is the resolution of every quantile read from it. */
const perDoubling = 8;
/** Bucket -24 holds all up to 0.125 ms, bucket 160 all above 17 minutes. */
export const firstBucket = -24;
export const lastBucket = 160;

const upperBounds = Array.from(
  { length: lastBucket - firstBucket + 1 },
  (_, at) => 2 ** ((at + firstBucket) / perDoubling),
);

/** The greatest latency of a bucket in ms, itself included: 2^(index/8). */
export function upperBoundMs(index: number): number {
  return upperBounds[index - firstBucket] ?? 2 ** (index / perDoubling);
}

/**
 * The bucket of a latency in ms: the integer i of -24 to 160 with 2^((i-1)/8) < ms ≤ 2^(i/8). What lies outside, zero and
 * below included, is in the bucket at that end. Throws RangeError when it is no number.
 */
export function bucketOf(ms: number): number {
  if (Number.isNaN(ms)) throw new RangeError('A latency is a number of milliseconds, found NaN');
  if (ms <= upperBoundMs(firstBucket)) return firstBucket;
  if (ms > upperBoundMs(lastBucket - 1)) return lastBucket;
  // Adding 0 turns -0 into 0. The logarithm may miss a bound by its last digit; the bounds themselves decide.
  const near = Math.ceil(perDoubling * Math.log2(ms)) + 0;
  if (ms <= upperBoundMs(near - 1)) return near - 1;
  return ms > upperBoundMs(near) ? near + 1 : near;
}

const bucketName = z.string().refine(
  (name) => {
    const index = Number(name);
    return String(index) === name && Number.isInteger(index) && index >= firstBucket && index <= lastBucket;
  },
  { error: `A bucket is a whole number from ${firstBucket} to ${lastBucket}` },
);

/** How many latencies fell into each bucket; buckets without any are left out. */
export const latencyHistogram = z.record(bucketName, z.int().nonnegative());
export type LatencyHistogram = Readonly<z.infer<typeof latencyHistogram>>;

/** Both together. */
export function mergeHistograms(one: LatencyHistogram, other: LatencyHistogram): LatencyHistogram {
  const merged: Record<string, number> = { ...one };
  for (const [bucket, count] of Object.entries(other)) merged[bucket] = (merged[bucket] ?? 0) + count;
  return merged;
}

/** How many latencies it holds. */
export function totalOf(histogram: LatencyHistogram): number {
  return Object.values(histogram).reduce((sum, count) => sum + count, 0);
}

/** Buckets that hold something, with their counts, from the fastest to the slowest. */
export function bucketsOf(histogram: LatencyHistogram): [index: number, count: number][] {
  return Object.entries(histogram)
    .filter(([, count]) => count > 0)
    .map(([bucket, count]): [number, number] => [Number(bucket), count])
    .sort(([a], [b]) => a - b);
}

/**
 * The latency in ms that the share `q` (0 to 1) of all does not pass, interpolated on the bucket's logarithmic scale: off
 * by at most 9 % of the true one, except in the buckets at both ends. Null when the histogram is empty. Throws RangeError
 * when `q` is not from 0 to 1.
 */
export function quantile(histogram: LatencyHistogram, q: number): number | null {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`A quantile is from 0 to 1, found ${q}`);
  const buckets = bucketsOf(histogram);
  const wanted = q * buckets.reduce((sum, [, count]) => sum + count, 0);
  let below = 0;
  for (const [index, count] of buckets) {
    if (below + count >= wanted) return upperBoundMs(index - 1 + (wanted - below) / count);
    below += count;
  }
  const slowest = buckets.at(-1);
  return slowest === undefined ? null : upperBoundMs(slowest[0]);
}
