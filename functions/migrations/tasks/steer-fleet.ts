import { z } from 'zod';
import { task } from '#platform/task.ts';
import { TaskOfFleet } from '../fleet/schemas.ts';
import { steer } from '../fleet/steer.ts';

/** Judges the wave that ended and says what comes next: targets to work on, a wait, or the end. */
export const handler = task({
  name: 'steer-fleet',
  input: TaskOfFleet,
  output: z.discriminatedUnion('action', [
    z.strictObject({
      action: z.literal('run'),
      bucket: z.string(),
      key: z.string(),
      concurrency: z.int(),
    }),
    z.strictObject({ action: z.literal('wait'), seconds: z.int() }),
    z.strictObject({ action: z.literal('end') }),
  ]),
  handler: ({ fleetId, executionArn }) => steer(fleetId, executionArn),
});
