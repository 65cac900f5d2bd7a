import { z } from 'zod';
import { task } from '#platform/task.ts';
import { switchToGreen } from '../blue-green/switch.ts';
import { LockedTask } from '../schemas.ts';

/** Moves clients to the new database in one moment. */
export const handler = task({
  name: 'switch-to-green',
  input: LockedTask,
  output: z.strictObject({
    waitSeconds: z.int().min(0).describe('Until the soak is looked at; 0: it is over'),
  }),
  handler: switchToGreen,
});
