import { task } from '#platform/task.ts';
import { findRoute } from '../routes/record.ts';
import { DescribeRouteInput, DescribeRouteOutput } from '../schemas.ts';

/** Where requests to a service go; null when no route leads to it. */
export const handler = task({
  name: 'gateway-describe-route',
  input: DescribeRouteInput,
  output: DescribeRouteOutput,
  handler: async ({ service }) => ({ route: await findRoute(service) }),
});
