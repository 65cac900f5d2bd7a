import { task } from '#platform/task.ts';
import { runPhase } from '../executions/phase-steps.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';

/** Adds and validates the constraints that old clients cannot violate. */
export const handler = task({
  name: 'add-constraints',
  input: LockedTask,
  output: StepsOutput,
  handler: (input, tools) => runPhase(input, 'constrain', (plan) => plan.constrain, tools),
});
