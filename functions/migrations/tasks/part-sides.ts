import { z } from 'zod';
import { task } from '#platform/task.ts';
import { partSides } from '../blue-green/part.ts';
import { LockedTask } from '../schemas.ts';

/** Ends replication between the two databases and leaves nothing of it. */
export const handler = task({
  name: 'part-sides',
  input: LockedTask.extend({
    outcome: z.enum(['completed', 'rolled_back']),
    alone: z.boolean().optional().describe('The old server is gone: the new one parts by itself'),
  }),
  output: z.strictObject({}),
  async handler(input, tools) {
    await partSides(input, tools);
    return {};
  },
});
