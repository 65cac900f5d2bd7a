import { z } from 'zod';
import { task } from '#platform/task.ts';
import { LockedTask } from '../schemas.ts';
import { restoreConstraints } from '../undo/restoring.ts';

/** Adds again what the soft contract had relaxed; see restoreConstraints. */
export const handler = task({
  name: 'restore-constraints',
  input: LockedTask,
  output: z.strictObject({ status: z.enum(['done', 'running', 'refused']) }),
  handler: (input, tools) => restoreConstraints(input, tools),
});
