import { task } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { takeBackRows } from '../loading/take-back.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';
import { revert } from '../undo/reverting.ts';

/** Takes back whatever phases ran, see revert, and rows that were copied. */
export const handler = task({
  name: 'revert',
  input: LockedTask,
  output: StepsOutput,
  async handler(input, tools) {
    const steps = await revert(input, tools);
    return steps.status === 'running' ? steps : takeBackRows(input, runOptions(tools));
  },
});
