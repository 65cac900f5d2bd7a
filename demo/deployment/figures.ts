import { percentile } from '../figures.ts';
import type { Second } from './second.ts';

/** What the visitors counted of one version in a span of time. */
export interface Counted {
  answers: number;
  errors: number;
  p50: number;
  p99: number;
}

/** A stretch of the demo, `from` and `to` in epoch ms, `to` exclusive. */
export interface Stretch {
  from: number;
  to: number;
}

const inside = (seconds: readonly Second[], { from, to }: Stretch) =>
  seconds.filter(({ at }) => at >= from && at < to);

/** By version, those that answered anything. */
export function countedBy(seconds: readonly Second[], stretch: Stretch): Record<string, Counted> {
  const found = inside(seconds, stretch);
  const versions = [...new Set(found.flatMap((second) => Object.keys(second.versions)))].sort();
  return Object.fromEntries(
    versions.map((version) => {
      const own = found.flatMap((second) => second.versions[version] ?? []);
      const latencies = own.flatMap((one) => one.latencies);
      return [
        version,
        {
          answers: own.reduce((sum, { answers }) => sum + answers, 0),
          errors: own.reduce((sum, { errors }) => sum + errors, 0),
          p50: percentile(latencies, 0.5),
          p99: percentile(latencies, 0.99),
        },
      ];
    }),
  );
}

/** Requests that nobody answered, by why. */
export function lostIn(seconds: readonly Second[], stretch: Stretch): Record<string, number> {
  const lost: Record<string, number> = {};
  for (const second of inside(seconds, stretch)) {
    for (const [why, count] of Object.entries(second.lost)) lost[why] = (lost[why] ?? 0) + count;
  }
  return lost;
}

/**
 * Whether a version had its part of the traffic: `percent` of all answers, within five standard deviations of what
 * chance alone makes of so many requests (and one per cent, since a step begins and ends in the middle of a second).
 */
export function hadItsPart(counted: Record<string, Counted>, version: string, percent: number): boolean {
  const all = Object.values(counted).reduce((sum, { answers }) => sum + answers, 0);
  if (all === 0) return false;
  const share = (counted[version]?.answers ?? 0) / all;
  const wanted = percent / 100;
  return Math.abs(share - wanted) <= 5 * Math.sqrt((wanted * (1 - wanted)) / all) + 0.01;
}
