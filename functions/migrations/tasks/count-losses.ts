import { z } from 'zod';
import { task } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { LockedTask } from '../schemas.ts';
import { countLosses } from '../undo/losses.ts';

/** Counts the rows that cannot return to the old version as they are, and what its constraints refuse. */
export const handler = task({
  name: 'count-losses',
  input: LockedTask,
  output: z.strictObject({ lostRows: z.int(), accepted: z.boolean(), refusedConstraints: z.int() }),
  handler: ({ migrationId, epoch }, tools) => countLosses(migrationId, epoch, runOptions(tools)),
});
