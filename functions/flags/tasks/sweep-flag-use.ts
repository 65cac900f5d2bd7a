import { z } from 'zod';
import { forAllOpen, type ReadWork } from '#platform/open-work.ts';
import { type TaskTools, task } from '#platform/task.ts';
import { carryOut } from '../experiments/carry-out.ts';
import { findExperiment, publishExperimentEvents } from '../experiments/experiment-store.ts';
import { useWork, workParts } from '../experiments/keys.ts';
import { checkSampleRatio } from '../experiments/sample-ratio-check.ts';
import { readWork } from '../store.ts';

/** Brings on what nobody else does: batches that were accepted and not counted, looks at splits, events to be sent. */
export const handler = task({
  name: 'sweep-flag-use',
  input: z.looseObject({}),
  output: z.strictObject({ counted: z.int(), mismatches: z.int(), published: z.int() }),
  async handler(_input, tools) {
    const done = { counted: 0, mismatches: 0, published: 0 };
    await each(
      'batch',
      (from) => readWork(useWork.batches, from),
      tools,
      async ([environment = '', kind, id = '']) => {
        await carryOut({ environment, kind: kind === 'tracks' ? 'tracks' : 'exposures', id });
        done.counted += 1;
      },
    );
    await each(
      'experiment',
      (from) => readWork(useWork.experiments, from),
      tools,
      async ([environment = '', flag = '']) => {
        const found = await findExperiment(environment, flag);
        if (found === undefined) return;
        if (await checkSampleRatio(found)) done.mismatches += 1;
        const then = await findExperiment(environment, flag);
        if (then !== undefined) done.published += await publishExperimentEvents(then);
      },
    );
    return done;
  },
});

/** One that fails does not keep the others from their turn. */
const each = (
  noun: string,
  read: ReadWork,
  tools: TaskTools,
  act: (parts: string[]) => Promise<void>,
): Promise<void> =>
  forAllOpen(read, tools, async (id) => {
    try {
      await act(workParts(id));
    } catch (error) {
      tools.metrics.count('SweepFailed');
      tools.logger.error(`${noun} not swept`, error instanceof Error ? error : String(error));
    }
  });
