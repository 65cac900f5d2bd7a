import { upperGamma } from './gamma.ts';

/** The probability that a standard normal number is above `z`. */
export function normalUpperTail(z: number): number {
  const half = 0.5 * upperGamma(0.5, (z * z) / 2);
  return z >= 0 ? half : 1 - half;
}

/** The number that a standard normal one is above with probability `tail`, 0 < tail < 1; to about 12 digits. */
export function normalQuantile(tail: number): number {
  if (!(tail > 0 && tail < 1)) throw new RangeError(`Expected a probability between 0 and 1, found ${tail}`);
  if (tail > 0.5) return -normalQuantile(1 - tail);
  let low = 0;
  let high = 40;
  for (let step = 0; step < 100; step += 1) {
    const middle = (low + high) / 2;
    if (normalUpperTail(middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** How many standard errors to either side hold `confidence` (0 to 1, exclusive) of the normal distribution. */
export function zOf(confidence: number): number {
  return confidence === 0.95 ? 1.959963984540054 : normalQuantile((1 - confidence) / 2);
}
