import { firstBucket, lastBucket, upperBoundMs } from '#platform/latency-histogram.ts';
import type { Sample, Side } from '../samples.ts';

// Canaries for tests and bench/judge.ts: the same seed is the same canary, on every machine.

export interface SimulatedCanary {
  seed: number;
  samples: number;
  /** Of both versions, in each sample. */
  requests: number;
  /** Share of the requests that the canary gets. */
  share: number;
  errorRate: { baseline: number; canary: number };
  /** What is slower on the canary: nothing, all of it, or the slowest tenth; each doubles p95. */
  slower: 'nothing' | 'everything' | 'slowest_tenth';
  /** Waves: both versions are up to four times as slow, with up to three times the errors, and calm again, every 40 samples. */
  load: 'steady' | 'waves';
}

/** Mulberry32: 32 bits of state, uniform on [0, 1). */
function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The logistic curve nearest to the normal one: latencies need its shape, not its last digit. */
const normal = (z: number) => 1 / (1 + Math.exp(-1.702 * z));

/** Share of requests that take at most `ms`: log-normal about 40 ms, and 3 % of a slow kind with a heavy (Pareto) tail. */
function within(ms: number): number {
  if (ms <= 0) return 0;
  const slowKind = ms <= 150 ? 0 : 1 - (150 / ms) ** 1.3;
  return 0.97 * normal(Math.log(ms / 40) / 0.6) + 0.03 * slowKind;
}

const slowestTenthAbove = (() => {
  let [low, high] = [1, 1_000];
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (within(middle) < 0.9) low = middle;
    else high = middle;
  }
  return low;
})();

const distributions: Record<SimulatedCanary['slower'], (ms: number) => number> = {
  nothing: within,
  everything: (ms) => within(ms / 2),
  slowest_tenth: (ms) => {
    if (ms <= slowestTenthAbove) return within(ms);
    return ms <= 2 * slowestTenthAbove ? 0.9 : within(ms / 2);
  },
};

const places = 16_384;
/** Bucket by place in the distribution. */
function tableOf(distribution: (ms: number) => number): Int16Array {
  let bucket = firstBucket;
  return Int16Array.from({ length: places }, (_, place) => {
    while (bucket < lastBucket && distribution(upperBoundMs(bucket)) < (place + 0.5) / places) bucket += 1;
    return bucket;
  });
}
const tables = {
  nothing: tableOf(distributions.nothing),
  everything: tableOf(distributions.everything),
  slowest_tenth: tableOf(distributions.slowest_tenth),
};

/** Second of one day, as a moment. */
function timeAt(second: number): string {
  const [hours, minutes, seconds] = [second / 3_600, (second / 60) % 60, second % 60].map((value) =>
    String(Math.floor(value)).padStart(2, '0'),
  );
  return `2026-01-01T${hours}:${minutes}:${seconds}.000Z`;
}

/** The samples of a canary that was never interrupted, ten seconds each; at most 8,639. */
export function simulatedCanary(simulated: SimulatedCanary): Sample[] {
  const { seed, samples, requests, share, errorRate, slower, load } = simulated;
  const chance = chanceOf(Math.imul(seed + 1, 2_654_435_761));
  const answer = (
    side: Side & { latency: Record<string, number> },
    table: Int16Array,
    slow: number,
    bad: number,
  ) => {
    side.requests += 1;
    if (chance() < bad) side.errors += 1;
    const bucket = Math.min(lastBucket, (table[Math.floor(chance() * places)] ?? 0) + slow);
    side.latency[bucket] = (side.latency[bucket] ?? 0) + 1;
  };
  return Array.from({ length: samples }, (_, at) => {
    const wave = load === 'waves' ? (1 - Math.cos((2 * Math.PI * at) / 40)) / 2 : 0;
    const slow = Math.round(16 * wave);
    const baseline = { requests: 0, errors: 0, latency: {} };
    const canary = { requests: 0, errors: 0, latency: {} };
    for (let request = 0; request < requests; request++) {
      if (chance() < share) answer(canary, tables[slower], slow, errorRate.canary * (1 + 2 * wave));
      else answer(baseline, tables.nothing, slow, errorRate.baseline * (1 + 2 * wave));
    }
    return { from: timeAt(at * 10), to: timeAt(at * 10 + 10), baseline, canary };
  });
}
