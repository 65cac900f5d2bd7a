import { z } from 'zod';
import { task } from '#platform/task.ts';
import { checkEverything } from '../compliance/violations.ts';

/** Holds all configuration against all rules; what breaks one is told once. */
export const handler = task({
  name: 'check-configuration-compliance',
  input: z.looseObject({}),
  output: z.strictObject({ keys: z.int(), appeared: z.int(), gone: z.int() }),
  handler: (_input, { signal }) => checkEverything(signal),
});
