import { z } from 'zod';
import { task } from '#platform/task.ts';
import { FleetId } from '../fleet/schemas.ts';
import { keepFleetToken } from '../fleet/token.ts';

/** A fleet that is paused or halted, or watches a wave, waits here until someone decides or the time is over. */
export const handler = task({
  name: 'await-fleet',
  input: z.strictObject({ fleetId: FleetId, taskToken: z.string().min(1) }),
  output: z.strictObject({}),
  async handler({ fleetId, taskToken }) {
    await keepFleetToken(fleetId, taskToken);
    return {};
  },
});
