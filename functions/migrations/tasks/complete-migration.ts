import { z } from 'zod';
import { task } from '#platform/task.ts';
import { finish } from '../decisions/completion.ts';
import { LockedTask } from '../schemas.ts';

/** The end of every execution that held the lock: what it came to is written down, then fence and lock are let go. */
export const handler = task({
  name: 'complete-migration',
  input: LockedTask.extend({ outcome: z.enum(['completed', 'rolled_back', 'undone', 'removed']) }),
  output: z.strictObject({ status: z.string() }),
  handler: async ({ migrationId, epoch, outcome }) => {
    await finish(migrationId, epoch, outcome);
    return { status: outcome };
  },
});
