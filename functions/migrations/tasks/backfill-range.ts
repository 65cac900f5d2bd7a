import { z } from 'zod';
import { task } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { fillRange } from '../rows/fill.ts';
import { LockedTask } from '../schemas.ts';

/** Fills one key range in paced chunks until it is done, the invocation ends, its hours are over or someone pauses. */
export const handler = task({
  name: 'backfill-range',
  input: LockedTask.extend({
    stage: z.literal('backfill'),
    pass: z.int(),
    item: z.strictObject({ work: z.string(), range: z.int() }),
  }),
  output: z.discriminatedUnion('status', [
    z.strictObject({ status: z.enum(['done', 'paused']) }),
    z.strictObject({ status: z.literal('more'), waitSeconds: z.int().min(1).optional() }),
    z.strictObject({ status: z.literal('closed'), waitSeconds: z.int().min(1) }),
  ]),
  handler: ({ migrationId, epoch, pass, item }, tools) =>
    fillRange({ migrationId, epoch, pass, item }, runOptions(tools)),
});
