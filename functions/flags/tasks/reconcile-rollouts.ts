import { z } from 'zod';
import { task } from '#platform/task.ts';
import { rolloutOfExecution } from '../rollouts/execution.ts';
import { reconcileAll, reconcileRollout } from '../rollouts/reconciler.ts';

/**
 * Sees to what no Catch can see, and sends events. By an event: the rollout whose execution failed, timed out or was
 * aborted. By the schedule: every one that goes on or has something to tell.
 */
export const handler = task({
  name: 'reconcile-rollouts',
  input: z.looseObject({ detail: z.looseObject({ name: z.string() }).optional() }),
  output: z.strictObject({ looked: z.int(), acted: z.int() }),
  async handler({ detail }, tools) {
    if (detail === undefined) return reconcileAll(tools);
    const id = rolloutOfExecution(detail.name);
    if (id === undefined) return { looked: 0, acted: 0 };
    return { looked: 1, acted: (await reconcileRollout(id, tools)) ? 1 : 0 };
  },
});
