import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { publishRollout } from '../rollouts/events.ts';
import { changeActing, readActing } from '../rollouts/execution.ts';
import { TaskOfRollout } from '../rollouts/schemas.ts';
import { freeFlag } from '../rollouts/slots.ts';

/** Lets go of the flag and says how the rollout ended. */
export const handler = task({
  name: 'end-rollout',
  input: TaskOfRollout,
  output: z.strictObject({ status: z.string() }),
  async handler(acting, { metrics }) {
    const { id, environment, flag, ends } = await readActing(acting);
    // First the flag: from here on this rollout only says how it ended.
    if (ends !== null) await freeFlag(environment, flag, id);
    const record = await changeActing(acting, (current) =>
      current.ends === null
        ? undefined
        : {
            set: { status: current.ends, paused: null, promote: null, endedAt: clock.iso() },
            events: [
              {
                type: `rollout.${current.ends}`,
                actor: 'theseus',
                data: current.reason === null ? {} : { why: current.reason },
              },
            ],
          },
    );
    await publishRollout(record);
    metrics.count(record.status === 'completed' ? 'RolloutCompleted' : 'RolloutNotCompleted');
    return { status: record.status };
  },
});
