import { task } from '#platform/task.ts';
import { runPhase } from '../executions/phase-steps.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';

/** Relaxes what only the old version needs. Nothing is removed, and both sides stay fed. */
export const handler = task({
  name: 'contract',
  input: LockedTask,
  output: StepsOutput,
  handler: (input, tools) => runPhase(input, 'contract', (plan) => plan.contract, tools),
});
