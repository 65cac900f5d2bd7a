import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import { task } from '#platform/task.ts';
import { TargetUnavailable } from '../errors.ts';
import { changeActing } from '../executions/acting.ts';
import type { DeploymentRecord } from '../records.ts';
import { TaskOfDeployment } from '../schemas.ts';
import { applySplit } from '../traffic.ts';

const back = { percent: 0, canaries: [] };
const stays = { percent: 100, canaries: [] };

/** Without an old version all traffic stays where it is; the target is let go all the same. */
const goal = ({ green }: DeploymentRecord) => (green?.blue === null ? stays : back);

/** Gives all traffic to the old version, at once and whatever else is the matter: no alarm, gate or turn is asked. */
export const handler = task({
  name: 'shift-back',
  input: TaskOfDeployment,
  output: z.strictObject({ shifted: z.boolean() }),
  async handler(acting, { metrics, logger }) {
    const record = await changeActing(acting, (current) => {
      const begun = current.status === 'rolling_back' && current.shiftedStep === null;
      if (begun && current.phase === 'shift_back' && current.step === null) return undefined;
      return {
        set: {
          status: 'rolling_back',
          phase: 'shift_back',
          // Nothing that was decided before may be done after this.
          order: current.order + 1,
          shiftedStep: null,
          step: null,
        },
        events: [{ type: 'traffic.shifting_back', actor: 'theseus' }],
      };
    });
    if (record.traffic === null || record.backAt !== null) return { shifted: false };
    try {
      await applySplit(record, goal(record), true);
    } catch (error) {
      metrics.count('ShiftBackFailed');
      logger.error('traffic not shifted back', error instanceof Error ? error : String(error));
      if (error instanceof TheseusError) throw error;
      // Whatever it was: the way back is tried for long.
      const message = error instanceof Error ? error.message : String(error);
      throw new TargetUnavailable(`Traffic was not shifted back: ${message}`, { cause: error });
    }
    await changeActing(acting, ({ backAt, green }) =>
      backAt !== null
        ? undefined
        : {
            set: { backAt: clock.iso(), traffic: goal(record) },
            events: [{ type: 'traffic.shifted_back', actor: 'theseus', data: { to: green?.blue ?? null } }],
          },
    );
    return { shifted: true };
  },
});
