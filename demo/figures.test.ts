import { describe, expect, it } from 'vitest';
import { percentile, trafficBetween } from './figures.ts';

describe('figures of traffic', () => {
  it('takes percentiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.99)).toBe(0);
  });

  it('counts only the seconds inside the span', () => {
    const seconds = [
      { at: 0, latencies: [1000], errors: ['before'] },
      { at: 1000, latencies: [1, 2], errors: [] },
      { at: 2000, latencies: [9], errors: ['x'] },
      { at: 3000, latencies: [1000], errors: ['after'] },
    ];
    expect(trafficBetween(seconds, 1000, 3000)).toEqual({
      requests: 3,
      failed: 1,
      p50: 2,
      p99: 9,
      longest: 9,
    });
  });
});
