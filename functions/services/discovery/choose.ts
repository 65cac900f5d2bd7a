import type { Candidate } from './candidate.ts';

/** How one of several instances is chosen. */
export type Choice =
  /** In proportion to the weights. */
  | { choice: 'weighted' }
  /** Of two, drawn by weight, the one with less to do. */
  | { choice: 'least_loaded' }
  /** In the caller's own zone, as far as it has its share of the weight; the rest goes elsewhere. */
  | { choice: 'zone_aware'; zone: string };

/** Requests in flight at which an instance of weight 100 counts as half loaded. */
const halfLoaded = 10;

/** How busy an instance is, 0 to 1; half of it where it does not say. */
export function loadOf({ load, inFlight, weight }: Candidate): number {
  if (load !== null) return load;
  if (inFlight === null) return 0.5;
  return inFlight / (inFlight + (halfLoaded * Math.max(1, weight)) / 100);
}

const weightOf = (candidates: readonly Candidate[]): number =>
  candidates.reduce((sum, { weight }) => sum + weight, 0);

/** By weight; undefined when none has any. */
function weighted<T extends Candidate>(candidates: readonly T[], random: () => number): T | undefined {
  const able = candidates.filter(({ weight }) => weight > 0);
  let left = random() * weightOf(able);
  for (const candidate of able) {
    left -= candidate.weight;
    if (left < 0) return candidate;
  }
  // Sums of fractions may end a hair too early.
  return able.at(-1);
}

function leastLoaded<T extends Candidate>(candidates: readonly T[], random: () => number): T | undefined {
  const first = weighted(candidates, random);
  const second = weighted(
    candidates.filter((one) => one !== first),
    random,
  );
  if (first === undefined || second === undefined) return first;
  return loadOf(second) < loadOf(first) ? second : first;
}

function zoneAware<T extends Candidate>(
  candidates: readonly T[],
  zone: string,
  random: () => number,
): T | undefined {
  const able = candidates.filter(({ weight }) => weight > 0);
  const own = able.filter((one) => one.zone === zone);
  const others = able.filter((one) => one.zone !== zone);
  const zones = new Set(able.map((one) => one.zone)).size;
  // A zone with its share of the weight serves its own callers; with less, only as many of them as it has of its share.
  const share = zones === 0 ? 0 : (weightOf(own) * zones) / weightOf(able);
  return weighted(others.length === 0 || random() < share ? own : others, random);
}

/**
 * One of `candidates`, or undefined when none of them has any weight. `random` gives numbers in [0, 1): the same numbers
 * choose the same.
 */
export function choose<T extends Candidate>(
  candidates: readonly T[],
  how: Choice,
  random: () => number,
): T | undefined {
  if (how.choice === 'weighted') return weighted(candidates, random);
  if (how.choice === 'least_loaded') return leastLoaded(candidates, random);
  return zoneAware(candidates, how.zone, random);
}

/** Up to `limit` candidates in the order in which they are to be tried: each chosen among those that are left. */
export function inOrder<T extends Candidate>(
  candidates: readonly T[],
  how: Choice,
  random: () => number,
  limit: number,
): T[] {
  const chosen: T[] = [];
  let left = candidates;
  while (chosen.length < limit) {
    const next = choose(left, how, random);
    if (next === undefined) break;
    chosen.push(next);
    left = left.filter((one) => one !== next);
  }
  return chosen;
}
