import { z } from 'zod';
import { task } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { loadRange } from '../loading/load-range.ts';
import { LockedTask } from '../schemas.ts';

/** Copies one key range of a source in paced chunks until it is done, the invocation ends, its hours are over or someone pauses. */
export const handler = task({
  name: 'load-range',
  input: LockedTask.extend({
    pass: z.int().min(1),
    item: z.strictObject({ work: z.string(), range: z.int() }),
  }),
  output: z.discriminatedUnion('status', [
    z.strictObject({ status: z.enum(['done', 'more', 'paused']) }),
    z.strictObject({ status: z.literal('closed'), waitSeconds: z.int().min(1) }),
  ]),
  handler: (input, tools) => loadRange(input, runOptions(tools)),
});
