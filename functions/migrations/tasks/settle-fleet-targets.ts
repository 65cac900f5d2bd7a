import { z } from 'zod';
import { readFailure } from '#platform/causes.ts';
import { task } from '#platform/task.ts';
import { BatchTarget } from '../fleet/records.ts';
import { TaskOfFleet } from '../fleet/schemas.ts';
import { settleTargets } from '../fleet/settle.ts';

/** Schedules removals, takes over the end of executions of their own, and writes down what a failed batch left open. */
export const handler = task({
  name: 'settle-fleet-targets',
  input: TaskOfFleet.extend({
    targets: z.array(BatchTarget).min(1).max(100),
    failure: z.strictObject({ error: z.string(), cause: z.string() }).nullable(),
  }),
  output: z.strictObject({ settled: z.int() }),
  handler: ({ fleetId, executionArn, targets, failure }) =>
    settleTargets(
      fleetId,
      executionArn,
      targets,
      failure === null ? null : readFailure(failure.error, failure.cause),
    ),
});
