import { z } from 'zod';
import { task } from '#platform/task.ts';
import { handleEvent, PublishedEvent } from '../webhooks/events.ts';
import { sweepDeliveries } from '../webhooks/sweep.ts';

/**
 * Sends events to the webhooks that want them. By an event of the bus: that one. By the schedule: what is due to be tried
 * again.
 */
export const handler = task({
  name: 'deliver-webhooks',
  input: z.looseObject({ detail: PublishedEvent.optional() }),
  output: z.strictObject({ handled: z.int() }),
  handler: async ({ detail }, tools) => ({
    handled: detail === undefined ? await sweepDeliveries(tools) : await handleEvent(detail),
  }),
});
