import { z } from 'zod';
import { task } from '#platform/task.ts';
import { updateOfExecution } from '../updates/execution.ts';
import { reconcileAll, reconcileUpdate } from '../updates/reconciler.ts';

/**
 * Sees to what no Catch can see. By an event: the update whose execution failed, timed out or was aborted. By the
 * schedule: every update that is open, and the queue.
 */
export const handler = task({
  name: 'reconcile-updates',
  input: z.looseObject({ detail: z.looseObject({ name: z.string() }).optional() }),
  output: z.strictObject({ looked: z.int(), acted: z.int() }),
  async handler({ detail }, tools) {
    if (detail === undefined) return reconcileAll(tools);
    const id = updateOfExecution(detail.name);
    if (id === undefined) return { looked: 0, acted: 0 };
    return { looked: 1, acted: (await reconcileUpdate(id, tools)) ? 1 : 0 };
  },
});
