import { z } from 'zod';
import { task } from '#platform/task.ts';
import { switchBack } from '../blue-green/switch.ts';
import { LockedTask } from '../schemas.ts';

/** Takes clients back to the old database, with everything they wrote since. */
export const handler = task({
  name: 'switch-back',
  input: LockedTask,
  output: z.strictObject({
    drainSeconds: z.int().min(0).describe('Until the new database refuses writes'),
    outcome: z.enum(['completed', 'rolled_back']).describe('How the move ends'),
  }),
  handler: switchBack,
});
