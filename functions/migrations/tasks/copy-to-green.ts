import { z } from 'zod';
import { task } from '#platform/task.ts';
import { copyToGreen } from '../blue-green/copy.ts';
import { LockedTask } from '../schemas.ts';

/** Makes tables, types and everything else of the schema in the new database, without rows. */
export const handler = task({
  name: 'copy-to-green',
  input: LockedTask,
  output: z.strictObject({}),
  async handler({ migrationId, epoch }) {
    await copyToGreen(migrationId, epoch);
    return {};
  },
});
