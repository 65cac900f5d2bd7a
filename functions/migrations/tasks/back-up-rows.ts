import { z } from 'zod';
import { task } from '#platform/task.ts';
import { backUpPhase } from '../rows/back-up-phase.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';

/** Copies rows that go away to the backup bucket; see backUpPhase. */
export const handler = task({
  name: 'back-up-rows',
  input: LockedTask.extend({ purpose: z.enum(['before', 'undo', 'revert', 'removal']) }),
  output: StepsOutput,
  handler: ({ migrationId, epoch, purpose }, tools) => backUpPhase({ migrationId, epoch }, purpose, tools),
});
