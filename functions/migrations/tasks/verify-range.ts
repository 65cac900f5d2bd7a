import { z } from 'zod';
import { task } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { checkRange } from '../rows/check.ts';
import { LockedTask } from '../schemas.ts';

/** Checks every row of one key range and repairs wrong ones, until it is done, the invocation ends or someone pauses. */
export const handler = task({
  name: 'verify-range',
  input: LockedTask.extend({
    stage: z.enum(['verify', 'verify-published']),
    pass: z.int(),
    item: z.strictObject({ work: z.string(), range: z.int() }),
  }),
  output: z.strictObject({ status: z.enum(['done', 'more', 'paused']) }),
  handler: async ({ migrationId, epoch, stage, pass, item }, tools) => ({
    status: await checkRange({ migrationId, epoch, stage, pass, item }, runOptions(tools)),
  }),
});
