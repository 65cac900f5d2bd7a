import { z } from 'zod';

/**
 * What the next version of a schema has to be, by the names of Confluent's schema registry. `BACKWARD`: who reads with the
 * new one reads what was written with the last one. `FORWARD`: who reads with the last one reads what is written with the
 * new one. `FULL`: both. `_TRANSITIVE`: not only the last one, but all before.
 */
export const CompatibilityMode = z.enum([
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
]);
export type CompatibilityMode = z.infer<typeof CompatibilityMode>;

export const ContentMode = z.enum(['lenient', 'strict']);
