import { MAX_WEIGHT } from './limits.ts';

/** As many hashes as there are. */
const HASHES = 4_294_967_296;

/**
 * For each bucket the first hash that is past it. flagd gives a hash h the bucket number ⌊h × total ÷ 2³²⌋, and a bucket
 * the numbers below the sum of the weights up to it; so h is in it or before it when h < ⌈sum × 2³² ÷ total⌉. Exact for
 * whole weights whose total is 1 to 2³¹ − 1.
 */
export function endsOf(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight) => {
    sum += weight;
    // Both halves stay below 2⁵³: sum × 2³² itself would not.
    const whole = Math.floor((sum * 65_536) / total);
    const rest = sum * 65_536 - whole * total;
    return whole * 65_536 + Math.ceil((rest * 65_536) / total);
  });
}

/** The index of the bucket of a hash, signed or not, by `endsOf`. */
export function bucketOf(hash: number, ends: readonly number[]): number {
  const unsigned = hash >>> 0;
  let index = 0;
  while (index < ends.length - 1 && unsigned >= (ends[index] ?? HASHES)) index++;
  return index;
}

/** Weights that were computed: below 0 is 0. Undefined where flagd finds no bucket: no whole numbers, none above 0, too many. */
export function weightsOf(values: readonly unknown[]): number[] | undefined {
  const weights: number[] = [];
  let total = 0;
  for (const value of values) {
    if (typeof value !== 'number' || !Number.isInteger(value)) return undefined;
    const weight = Math.max(0, value);
    weights.push(weight);
    total += weight;
  }
  return total > 0 && total <= MAX_WEIGHT ? weights : undefined;
}
