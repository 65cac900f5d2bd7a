const leastMs = 20;
const mostMs = 3_600_000;

/** How often somebody wants to ask, ms, as it was given; nothing that would ask without a pause, or never. Throws RangeError. */
export function pollInterval(ms: number): number {
  if (ms >= leastMs && ms <= mostMs) return ms;
  throw new RangeError(`pollMs: expected ${leastMs} to ${mostMs} ms, found ${ms}`);
}
