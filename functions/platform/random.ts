import { randomBytes } from 'node:crypto';

/** A number in [0, 1), for jitter and sampling; never for secrets. Replaceable in tests. */
export let random = (): number => Math.random();

/** Tests control chance through this. Returns a function that restores the former source. */
export function setRandom(source: () => number): () => void {
  const former = random;
  random = source;
  return () => {
    random = former;
  };
}

/** Full jitter: a length in [0, min(maximum, base × 2^attempt)) ms. `attempt` counts from 0. */
export function jitteredBackoff(attempt: number, baseMs: number, maximumMs: number): number {
  return random() * Math.min(maximumMs, baseMs * 2 ** attempt);
}

/** Bytes nobody can guess, for passwords and salts. */
export const secretBytes = (count: number): Buffer => randomBytes(count);
