import { z } from 'zod';
import { task } from '#platform/task.ts';
import { partSides } from '../blue-green/part.ts';
import { LockedTask } from '../schemas.ts';

/** Ends replication between the two databases and leaves nothing of it. */
export const handler = task({
  name: 'part-sides',
  input: LockedTask.extend({ outcome: z.enum(['completed', 'rolled_back']) }),
  output: z.strictObject({}),
  async handler(input, tools) {
    await partSides(input, tools);
    return {};
  },
});
