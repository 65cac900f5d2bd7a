import { z } from 'zod';
import { task } from '#platform/task.ts';
import { publishDeprecations } from '../deprecations/events.ts';

/** Publishes the events that were stored with the changes they tell of, and keeps each as an item of its own. */
export const handler = task({
  name: 'publish-deprecation-events',
  input: z.looseObject({}),
  output: z.strictObject({ published: z.int() }),
  handler: async (_input, tools) => ({ published: await publishDeprecations(tools) }),
});
