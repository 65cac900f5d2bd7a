import { z } from 'zod';
import { forAllOpen } from '#platform/open-work.ts';
import { task } from '#platform/task.ts';
import { bringOn } from '../publishing/bring-on.ts';
import { readWork, work } from '../store.ts';

/**
 * Brings on what nobody else does: newest flags that wait for a deployment, deployments that came to an end, and events
 * that were stored and not sent. Run every minute, and whenever AppConfig says that a deployment is over.
 */
export const handler = task({
  name: 'sweep-flags',
  input: z.looseObject({}),
  output: z.strictObject({ swept: z.int() }),
  async handler(_input, tools) {
    const seen = new Set<string>();
    await forAllOpen(
      (from) => readWork(work.environments, from),
      tools,
      async (id) => {
        // Its flags and its kill switches are both in the list.
        if (seen.has(id)) return;
        seen.add(id);
        try {
          await bringOn(id);
        } catch (error) {
          // One that fails does not keep the others from their turn.
          tools.metrics.count('SweepFailed');
          tools.logger.error('environment not swept', error instanceof Error ? error : String(error));
        }
      },
    );
    return { swept: seen.size };
  },
});
