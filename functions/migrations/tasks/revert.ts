import { task } from '#platform/task.ts';
import { runPhase } from '../executions/phase-steps.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';

/** Takes back whatever phases ran; every statement tolerates that its object was never made. */
export const handler = task({
  name: 'revert',
  input: LockedTask,
  output: StepsOutput,
  handler: (input, tools) => runPhase(input, 'revert', (plan) => plan.rollback, tools),
});
