import { z } from 'zod';
import { task } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { compareLoad } from '../loading/compare-range.ts';
import { LockedTask } from '../schemas.ts';

/** Compares one key range of what was copied with its source and repairs what differs. */
export const handler = task({
  name: 'compare-range',
  input: LockedTask.extend({
    pass: z.int().min(1),
    item: z.strictObject({ work: z.string(), range: z.int() }),
  }),
  output: z.strictObject({ status: z.enum(['done', 'more', 'paused']) }),
  handler: async (input, tools) => ({ status: await compareLoad(input, runOptions(tools)) }),
});
