import { z } from 'zod';
import { task } from '#platform/task.ts';
import { detectDrift } from '../drift/detect.ts';

/** Holds what services have in force against what is stored; what differs is told once, and brought back where a policy says so. */
export const handler = task({
  name: 'detect-configuration-drift',
  input: z.looseObject({}),
  output: z.strictObject({ reports: z.int(), appeared: z.int(), gone: z.int(), remediated: z.int() }),
  handler: (_input, { signal }) => detectDrift(signal),
});
