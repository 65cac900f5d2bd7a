import { task } from '#platform/task.ts';
import { runPhase } from '../executions/phase-steps.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';

/** Builds indexes concurrently, one at a time; `running` while the database still works on one. */
export const handler = task({
  name: 'build-indexes',
  input: LockedTask,
  output: StepsOutput,
  handler: (input, tools) => runPhase(input, 'index', (plan) => plan.index, tools),
});
