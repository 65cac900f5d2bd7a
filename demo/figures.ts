import type { Second } from '../examples/shop/application.ts';

/** The p-th percentile (0–1) of latencies in ms, nearest rank; 0 when there are none. */
export function percentile(latencies: readonly number[], p: number): number {
  if (latencies.length === 0) return 0;
  const sorted = [...latencies].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? 0;
}

/** What one application went through in a span of time; `from` and `to` are epoch ms, `to` exclusive. */
export interface Traffic {
  requests: number;
  failed: number;
  p50: number;
  p99: number;
  longest: number;
}

export function trafficBetween(seconds: readonly Second[], from: number, to: number): Traffic {
  const inside = seconds.filter((second) => second.at >= from && second.at < to);
  const latencies = inside.flatMap((second) => second.latencies);
  return {
    requests: latencies.length,
    failed: inside.reduce((sum, second) => sum + second.errors.length, 0),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    longest: latencies.reduce((most, one) => Math.max(most, one), 0),
  };
}
