import { z } from 'zod';
import { task } from '#platform/task.ts';
import { backUpDefinitions } from '../databases/definitions.ts';
import { LockedTask } from '../schemas.ts';

/** Keeps the definitions of what is in change, before anything is. */
export const handler = task({
  name: 'back-up-definitions',
  input: LockedTask,
  output: z.strictObject({ key: z.string() }),
  handler: async ({ migrationId, epoch }) => ({ key: await backUpDefinitions(migrationId, epoch) }),
});
