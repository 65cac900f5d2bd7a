import { z } from 'zod';
import { task } from '#platform/task.ts';
import { backUpDefinitions } from '../databases/definitions.ts';
import { LockedTask } from '../schemas.ts';

/** Keeps the definitions of what is in change, before anything is. `running`: its rows are to be backed up as well. */
export const handler = task({
  name: 'back-up-definitions',
  input: LockedTask,
  output: z.strictObject({ key: z.string(), status: z.enum(['running', 'done']) }),
  async handler({ migrationId, epoch }): Promise<{ key: string; status: 'running' | 'done' }> {
    const { key, rows } = await backUpDefinitions(migrationId, epoch);
    return { key, status: rows ? 'running' : 'done' };
  },
});
