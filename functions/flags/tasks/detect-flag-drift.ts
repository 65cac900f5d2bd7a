import { z } from 'zod';
import type { Place } from '#platform/records.ts';
import { task } from '#platform/task.ts';
import { lookForDrift } from '../drift/look.ts';
import { listEnvironments } from '../environments/environments.ts';

/**
 * Holds what AppConfig has in force against what was deployed: somebody may have deployed by hand. What differs is told
 * once, and deployed anew where the environment says so; the sweeper does that.
 */
export const handler = task({
  name: 'detect-flag-drift',
  input: z.looseObject({}),
  output: z.strictObject({ looked: z.int(), drifted: z.int() }),
  async handler(_input, { signal, metrics, logger }) {
    const done = { looked: 0, drifted: 0 };
    let from: Place | undefined;
    do {
      const page = await listEnvironments(100, from);
      for (const { name } of page.items) {
        signal.throwIfAborted();
        try {
          done.drifted += await lookForDrift(name);
          done.looked += 1;
        } catch (error) {
          // One that fails does not keep the others from their turn.
          metrics.count('LookFailed');
          logger.error('drift not looked for', error instanceof Error ? error : String(error));
        }
      }
      from = page.next;
    } while (from !== undefined);
    if (done.drifted > 0) metrics.count('DriftFound', done.drifted);
    return done;
  },
});
