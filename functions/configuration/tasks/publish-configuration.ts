import { z } from 'zod';
import { task } from '#platform/task.ts';
import { publishAll } from '../publications/publish.ts';

/** Deploys by AppConfig what of published configuration is not yet as it is stored. */
export const handler = task({
  name: 'publish-configuration',
  input: z.looseObject({}),
  output: z.strictObject({ looked: z.int() }),
  handler: async (_input, tools) => ({ looked: await publishAll(tools) }),
});
