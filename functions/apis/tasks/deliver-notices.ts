import { z } from 'zod';
import { task } from '#platform/task.ts';
import { deliverNotices } from '../deprecations/notices/deliver.ts';

/** Sends webhooks and e-mails that are due, and tries again those that failed. */
export const handler = task({
  name: 'deliver-notices',
  input: z.looseObject({}),
  output: z.strictObject({ tried: z.int() }),
  handler: async (_input, tools) => ({ tried: await deliverNotices(tools) }),
});
