import { z } from 'zod';
import { forAllOpen } from '#platform/open-work.ts';
import { task } from '#platform/task.ts';
import { findApi, publishApiEvents } from '../registry/apis.ts';
import { serveApi } from '../serving/serve-api.ts';
import { readWork, work } from '../store.ts';

/** Tells the gateway what it was not told yet, and sends events that were stored and not sent. */
export const handler = task({
  name: 'sweep-apis',
  input: z.looseObject({}),
  output: z.strictObject({ served: z.int(), published: z.int() }),
  async handler(_input, tools) {
    let served = 0;
    let published = 0;
    await forAllOpen(
      (from) => readWork(work.apis, from),
      tools,
      async (id) => {
        const record = await findApi(id);
        if (record === undefined) return;
        try {
          published += await publishApiEvents(record);
          const then = await serveApi(record, tools);
          if (then.servedRevision > record.servedRevision) served += 1;
        } catch (error) {
          // One that fails does not keep the others from their turn.
          tools.metrics.count('SweepFailed');
          tools.logger.error('API not swept', error instanceof Error ? error : String(error));
        }
      },
    );
    return { served, published };
  },
});
