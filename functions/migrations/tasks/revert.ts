import { task } from '#platform/task.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';
import { revert } from '../undo/reverting.ts';

/** Takes back whatever phases ran; see revert. */
export const handler = task({
  name: 'revert',
  input: LockedTask,
  output: StepsOutput,
  handler: revert,
});
