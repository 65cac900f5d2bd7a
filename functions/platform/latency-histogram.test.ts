import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bucketOf,
  firstBucket,
  type LatencyHistogram,
  lastBucket,
  latencyHistogram,
  mergeHistograms,
  quantile,
  totalOf,
  upperBoundMs,
} from './latency-histogram.ts';

const indexes = fc.integer({ min: firstBucket, max: lastBucket });
const histograms = fc.dictionary(indexes.map(String), fc.nat(1_000), { maxKeys: 20 });
const latencies = fc.double({ min: 0.2, max: 1_000_000, noNaN: true });

function histogramOf(values: readonly number[]): LatencyHistogram {
  const counts: Record<string, number> = {};
  for (const ms of values) counts[bucketOf(ms)] = (counts[bucketOf(ms)] ?? 0) + 1;
  return counts;
}

describe('buckets', () => {
  it('hold what lies above the bound before and up to their own', () => {
    fc.assert(
      fc.property(latencies, (ms) => {
        const index = bucketOf(ms);
        expect(ms).toBeGreaterThan(upperBoundMs(index - 1));
        expect(ms).toBeLessThanOrEqual(upperBoundMs(index));
      }),
    );
  });

  it('hold their own bound, and not the next number', () => {
    for (let index = firstBucket; index < lastBucket; index++) {
      const bound = upperBoundMs(index);
      expect(bucketOf(bound)).toBe(index);
      expect(bucketOf(bound * (1 + 2 * Number.EPSILON))).toBe(index + 1);
    }
  });

  it.each([
    [-5, firstBucket],
    [0, firstBucket],
    [0.001, firstBucket],
    [1, 0],
    [2, 8],
    [1_000_000_000, lastBucket],
    [Number.POSITIVE_INFINITY, lastBucket],
  ])('take %d ms into %d', (ms, index) => expect(bucketOf(ms)).toBe(index));

  it('refuse what is no number', () => expect(() => bucketOf(Number.NaN)).toThrow(RangeError));
});

describe('a histogram', () => {
  it.each([
    [{ '161': 1 }],
    [{ '-25': 1 }],
    [{ '1.5': 1 }],
    [{ '01': 1 }],
    [{ '': 1 }],
    [{ '3': -1 }],
    [{ '3': 0.5 }],
  ])('is not %j', (found) => expect(latencyHistogram.safeParse(found).success).toBe(false));

  it('merged is both, in whatever order', () => {
    fc.assert(
      fc.property(histograms, histograms, histograms, (a, b, c) => {
        expect(mergeHistograms(a, b)).toEqual(mergeHistograms(b, a));
        expect(mergeHistograms(mergeHistograms(a, b), c)).toEqual(mergeHistograms(a, mergeHistograms(b, c)));
        expect(totalOf(mergeHistograms(a, b))).toBe(totalOf(a) + totalOf(b));
        expect(latencyHistogram.parse(mergeHistograms(a, b))).toEqual(mergeHistograms(a, b));
      }),
    );
  });

  it('knows its quantiles to a bucket', () => {
    fc.assert(
      fc.property(
        fc.array(latencies, { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          const sorted = values.toSorted((a, b) => a - b);
          const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
          const found = quantile(histogramOf(values), q) ?? 0;
          expect(found).toBeGreaterThanOrEqual(upperBoundMs(bucketOf(exact) - 1) * (1 - 1e-9));
          expect(found).toBeLessThanOrEqual(upperBoundMs(bucketOf(exact)) * (1 + 1e-9));
        },
      ),
    );
  });

  it('without anything has no quantile', () => {
    expect(quantile({}, 0.5)).toBeNull();
    expect(quantile({ '3': 0 }, 1)).toBeNull();
    expect(() => quantile({ '3': 1 }, 1.1)).toThrow(RangeError);
  });
});
