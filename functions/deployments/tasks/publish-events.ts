import { z } from 'zod';
import { task } from '#platform/task.ts';
import { publishAll } from '../events.ts';
import { publishReleases } from '../releases/events.ts';

/** Publishes the events that were stored with the changes they tell of, and keeps each as an item of its own. */
export const handler = task({
  name: 'publish-events',
  input: z.looseObject({}),
  output: z.strictObject({ published: z.int() }),
  handler: async (_input, tools) => ({
    published: (await publishAll(tools)) + (await publishReleases(tools)),
  }),
});
