import { task } from '#platform/task.ts';
import { followBlue } from '../blue-green/follow.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';

/** Lets the new database copy all rows and follow the old one, until it has caught up. */
export const handler = task({
  name: 'follow-blue',
  input: LockedTask,
  output: StepsOutput,
  handler: followBlue,
});
