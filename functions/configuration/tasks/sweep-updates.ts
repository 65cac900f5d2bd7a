import { z } from 'zod';
import { task } from '#platform/task.ts';
import { publishUpdates } from '../updates/events.ts';
import { deliverNotices } from '../updates/notices/deliver.ts';

/** Publishes events that were stored and not sent, and tells services what they were not told yet. */
export const handler = task({
  name: 'sweep-updates',
  input: z.looseObject({}),
  output: z.strictObject({ published: z.int(), told: z.int() }),
  async handler(_input, tools) {
    const published = await publishUpdates(tools);
    return { published, told: await deliverNotices(tools) };
  },
});
