import { z } from 'zod';
import { task } from '#platform/task.ts';
import { watchSoak } from '../blue-green/watch.ts';
import { LockedTask } from '../schemas.ts';

/** Looks how far the old database is behind, and whether both have the same rows. */
export const handler = task({
  name: 'watch-soak',
  input: LockedTask,
  output: z.strictObject({
    waitSeconds: z.int().min(0).describe('Until the soak is looked at; 0: it is over'),
  }),
  handler: watchSoak,
});
