import { task } from '#platform/task.ts';
import { verifyGreen } from '../blue-green/verify.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';

/** Compares the rows of both databases, range by range, while clients write. */
export const handler = task({
  name: 'compare-sides',
  input: LockedTask,
  output: StepsOutput,
  handler: verifyGreen,
});
