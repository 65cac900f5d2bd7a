import { DeadlineNear, task } from '#platform/task.ts';
import { runPhase } from '../executions/phase-steps.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';

/** Adds what is new and starts the dual write, in short transactions under a lock budget. */
export const handler = task({
  name: 'expand',
  input: LockedTask,
  output: StepsOutput,
  async handler(input, tools) {
    const result = await runPhase(input, 'expand', (plan) => plan.expand, tools);
    // Nothing in expand goes on by itself: what is left is done by the next try.
    if (result.status === 'running') {
      throw new DeadlineNear('Expand did not end in one invocation', { evidence: { ...input } });
    }
    return result;
  },
});
