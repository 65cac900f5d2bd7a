import { z } from 'zod';
import { task } from '#platform/task.ts';
import { Batch, BatchTarget } from '../fleet/records.ts';
import { runBatch } from '../fleet/run-batch.ts';
import { TaskOfFleet } from '../fleet/schemas.ts';

/** Carries many small targets of a fleet from plan to completion, or back, one after the other. */
export const handler = task({
  name: 'migrate-fleet-targets',
  input: TaskOfFleet.extend({ purpose: Batch.shape.purpose, targets: z.array(BatchTarget).min(1).max(100) }),
  output: z.strictObject({ status: z.enum(['done', 'more', 'stopped']), large: z.array(BatchTarget) }),
  handler: ({ fleetId, executionArn, purpose, targets }, tools) =>
    runBatch(fleetId, executionArn, { purpose, targets }, tools),
});
