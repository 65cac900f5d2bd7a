import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import { task } from '#platform/task.ts';
import { changeActing, changeWanted } from '../executions/acting.ts';
import { TaskOfDeployment } from '../schemas.ts';
import { madeOf } from '../targets/registry.ts';
import { applySplit } from '../traffic.ts';

/** From here on there is no way back: lets the target go for other deployments, and what the old version ran on. */
export const handler = task({
  name: 'clean-up-blue',
  input: TaskOfDeployment,
  output: z.strictObject({}),
  async handler(acting, { signal, logger }) {
    const record = await changeWanted(acting, (current) =>
      current.phase === 'clean_up'
        ? undefined
        : {
            set: {
              phase: 'clean_up',
              finish: current.finish ?? { by: 'theseus', at: clock.iso(), comment: null },
              traffic: { percent: 100, canaries: [] },
              order: current.order + 1,
            },
          },
    );
    await applySplit(record, { percent: 100, canaries: [] }, true);
    const { actions, subject, made } = madeOf(record);
    try {
      await actions.cleanUpBlue(subject, made, signal);
    } catch (error) {
      if (!(error instanceof TheseusError) || error.retryable) throw error;
      // What is left behind costs money, and no request: the deployment is done all the same.
      logger.warn('the old version was not cleaned up', error);
      const note = `The old version was not cleaned up: ${error.message}`;
      await changeActing(acting, ({ notes }) =>
        notes.includes(note) ? undefined : { set: { notes: [...notes, note] } },
      );
    }
    return {};
  },
});
