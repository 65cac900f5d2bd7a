import { z } from 'zod';
import type { Json } from './json.ts';
import { isPrototypeName } from './json.ts';

/** The name of a variant; documents that are taken over may have others than people write. */
export const VariantName = z
  .string()
  .min(1)
  .max(256)
  .refine((name) => Buffer.byteLength(name) <= 256, 'Expected at most 256 bytes')
  .refine((name) => !isPrototypeName(name), 'Expected a name that not every object has');

/** A thousandth of a percent is the smallest step. */
const STEPS = 1_000;
/** What all weights add up to: always the same, so that a growing percentage keeps those who have it. */
const WHOLE = 100 * STEPS;

export const Percentage = z
  .number()
  .min(0, 'Expected a percentage from 0 to 100')
  .max(100, 'Expected a percentage from 0 to 100')
  .refine(
    (value) => Math.abs(value * STEPS - Math.round(value * STEPS)) < 1e-6,
    'Expected a percentage with at most 3 decimals',
  );

export const Weights = z
  .record(VariantName, Percentage)
  .refine((weights) => sumOf(weights) === WHOLE, {
    error: ({ input }) => {
      // The record was read before; only its sum is wrong.
      const sum = sumOf(z.record(z.string(), z.number()).catch({}).parse(input)) / STEPS;
      return `Expected percentages that add up to 100, found ${sum}`;
    },
  })
  .describe('The percentage of each variant; together 100');

function sumOf(weights: Readonly<Record<string, number>>): number {
  return Object.values(weights).reduce((sum, weight) => sum + Math.round(weight * STEPS), 0);
}

/** Who gets which variant, once it is clear that a rule is about them. */
export const Serve = z
  .union([
    z.strictObject({ variant: VariantName }),
    z.strictObject({
      percentage: Percentage,
      variant: VariantName.describe('Of as many'),
      rest: VariantName.optional().describe('Of all others; the off variant unless named'),
    }),
    z.strictObject({ weights: Weights }),
  ])
  .meta({ id: 'FlagServe' });
export type Serve = z.infer<typeof Serve>;

/** What is known of the flag that serves. */
export interface Serving {
  key: string;
  /** The attribute that people are told apart by. */
  bucketBy: string;
  /** The variant of those that nothing else is said of. */
  off: string;
}

/** Every variant that may come of it. */
export function servedVariants(serve: Serve, off: string): string[] {
  if ('weights' in serve) return Object.keys(serve.weights);
  return 'percentage' in serve ? [serve.variant, serve.rest ?? off] : [serve.variant];
}

/**
 * People in shares of 100,000, in a fixed order. Whoever cannot be told apart from others gets `nobody`: they would all
 * fall into one bucket.
 */
function shares(weights: [string, number][], nobody: string, { key, bucketBy }: Serving): Json {
  const present = weights.filter(([, weight]) => weight > 0);
  const [only] = present;
  if (present.length === 1 && only !== undefined) return only[0];
  return {
    if: [
      { '!==': [{ var: bucketBy }, null] },
      {
        fractional: [
          { cat: [key, { var: bucketBy }] },
          ...present.map(([name, weight]): Json => [name, weight]),
        ],
      },
      nobody,
    ],
  };
}

/** What is served, in JSONLogic: the name of a variant comes of it in every case. */
export function serveLogic(serve: Serve, serving: Serving): Json {
  if ('weights' in serve) {
    const weights = Object.entries(serve.weights).map(([name, weight]): [string, number] => [
      name,
      Math.round(weight * STEPS),
    ]);
    return shares(weights, serving.off, serving);
  }
  if (!('percentage' in serve)) return serve.variant;
  const weight = Math.round(serve.percentage * STEPS);
  const rest = serve.rest ?? serving.off;
  return shares(
    [
      [serve.variant, weight],
      [rest, WHOLE - weight],
    ],
    rest,
    serving,
  );
}
