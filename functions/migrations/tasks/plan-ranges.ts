import { z } from 'zod';
import { task } from '#platform/task.ts';
import { planLoads } from '../loading/plan-loads.ts';
import { planRanges } from '../rows/plan-ranges.ts';
import { LockedTask } from '../schemas.ts';

const RangeRef = z.strictObject({ work: z.string(), range: z.int() });

/** Splits the tables of a stage into key ranges, once for each pass; see planRanges and, for rows that are copied, planLoads. */
export const handler = task({
  name: 'plan-ranges',
  input: LockedTask.extend({
    stage: z.enum(['backfill', 'verify', 'verify-published', 'load', 'compare']),
    pass: z.int().min(1),
  }),
  output: z.strictObject({ clean: z.boolean(), items: z.array(RangeRef), concurrency: z.int() }),
  handler: ({ stage, ...input }) =>
    stage === 'load' || stage === 'compare'
      ? planLoads({ ...input, stage })
      : planRanges({ ...input, stage }),
});
