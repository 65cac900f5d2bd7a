import { z } from 'zod';
import { forAllOpen } from '#platform/open-work.ts';
import { task } from '#platform/task.ts';
import { findEnvironment, publishFlagEvents } from '../environments/environments.ts';
import { readWork, work } from '../store.ts';

/** Brings on what nobody else does: events of environments that were stored and not sent. */
export const handler = task({
  name: 'sweep-flags',
  input: z.looseObject({}),
  output: z.strictObject({ published: z.int() }),
  async handler(_input, tools) {
    let published = 0;
    await forAllOpen(
      (from) => readWork(work.environments, from),
      tools,
      async (id) => {
        try {
          const record = await findEnvironment(id);
          if (record !== undefined) published += await publishFlagEvents(record);
        } catch (error) {
          // One that fails does not keep the others from their turn.
          tools.metrics.count('SweepFailed');
          tools.logger.error('environment not swept', error instanceof Error ? error : String(error));
        }
      },
    );
    return { published };
  },
});
