import { z } from 'zod';
import { task } from '#platform/task.ts';
import { planRanges } from '../rows/plan-ranges.ts';
import { LockedTask } from '../schemas.ts';

const RangeRef = z.strictObject({ work: z.string(), range: z.int() });

/** Splits the tables of a stage into key ranges, once for each pass; see planRanges. */
export const handler = task({
  name: 'plan-ranges',
  input: LockedTask.extend({
    stage: z.enum(['backfill', 'verify', 'verify-published']),
    pass: z.int().min(1),
  }),
  output: z.strictObject({ clean: z.boolean(), items: z.array(RangeRef), concurrency: z.int() }),
  handler: (input) => planRanges(input),
});
