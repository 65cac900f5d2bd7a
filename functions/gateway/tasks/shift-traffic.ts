import { task } from '#platform/task.ts';
import { shiftRoute } from '../routes/record.ts';
import { ShiftInput, ShiftOutput } from '../schemas.ts';

/** Sets the route of a service as a deployment wants it. Throws RouteHeld when another deployment has it. */
export const handler = task({
  name: 'gateway-shift-traffic',
  input: ShiftInput,
  output: ShiftOutput,
  async handler(input) {
    const { service, revision, targets } = await shiftRoute(input);
    return { service, revision, targets: targets.map(({ version, percent }) => ({ version, percent })) };
  },
});
