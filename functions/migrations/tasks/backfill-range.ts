import { z } from 'zod';
import { task } from '#platform/task.ts';
import { fillRange } from '../rows/fill.ts';
import { LockedTask } from '../schemas.ts';
import { runOptions } from '../target.ts';

/** Fills one key range in paced chunks until it is done, the invocation ends or someone pauses. */
export const handler = task({
  name: 'backfill-range',
  input: LockedTask.extend({
    stage: z.literal('backfill'),
    pass: z.int(),
    item: z.strictObject({ work: z.string(), range: z.int() }),
  }),
  output: z.strictObject({ status: z.enum(['done', 'more', 'paused']) }),
  handler: async ({ migrationId, epoch, pass, item }, tools) => ({
    status: await fillRange({ migrationId, epoch, pass, item }, runOptions(tools)),
  }),
});
