import { describe, expect, it } from 'vitest';
import { countedBy, hadItsPart, lostIn } from './figures.ts';
import type { Second } from './second.ts';

const second = (at: number, old: number, fresh: number, lost: Second['lost'] = {}): Second => ({
  at,
  versions: {
    '1.0.0': { answers: old, errors: 0, latencies: Array.from({ length: old }, () => 5) },
    '1.1.0': { answers: fresh, errors: 1, latencies: Array.from({ length: fresh }, (_, n) => n + 1) },
  },
  lost,
});

describe('what the visitors counted', () => {
  const seconds = [second(1_000, 80, 20), second(2_000, 81, 19, { ECONNRESET: 2 }), second(3_000, 0, 100)];

  it('is by version and stretch, the end exclusive', () => {
    const counted = countedBy(seconds, { from: 1_000, to: 3_000 });
    expect(counted['1.0.0']).toEqual({ answers: 161, errors: 0, p50: 5, p99: 5 });
    expect(counted['1.1.0']).toMatchObject({ answers: 39, errors: 2, p99: 20 });
    expect(lostIn(seconds, { from: 0, to: 2_000 })).toEqual({});
    expect(lostIn(seconds, { from: 0, to: 9_000 })).toEqual({ ECONNRESET: 2 });
  });

  it('tells a version with its part of the traffic from one without', () => {
    const counted = countedBy(seconds, { from: 1_000, to: 3_000 });
    expect(hadItsPart(counted, '1.1.0', 20)).toBe(true);
    expect(hadItsPart(counted, '1.1.0', 50)).toBe(false);
    expect(hadItsPart({}, '1.1.0', 20)).toBe(false);
  });
});
