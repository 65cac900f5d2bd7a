import { z } from 'zod';
import { task } from '#platform/task.ts';
import { ownExecution } from '../fleet/own-execution.ts';
import { BatchTarget, Connector } from '../fleet/records.ts';
import { TaskOfFleet } from '../fleet/schemas.ts';

/** Makes a large target of a fleet ready for an execution of its own, under the name in its record. */
export const handler = task({
  name: 'start-fleet-target',
  input: TaskOfFleet.extend({ target: BatchTarget }),
  output: z.discriminatedUnion('start', [
    z.strictObject({
      start: z.literal(true),
      name: z.string(),
      input: z.strictObject({ migrationId: z.string(), connector: Connector }),
    }),
    z.strictObject({ start: z.literal(false) }),
  ]),
  handler: ({ fleetId, target }) => ownExecution(fleetId, target),
});
