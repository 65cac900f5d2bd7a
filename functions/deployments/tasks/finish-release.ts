import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { letGo } from '../releases/members.ts';
import { TaskOfRelease } from '../releases/schemas.ts';
import { changeForward } from '../releases/workflow.ts';

/** From here on there is no way back: lets the old versions of all members go. */
export const handler = task({
  name: 'finish-release',
  input: TaskOfRelease,
  output: z.strictObject({}),
  async handler(acting, { metrics }) {
    const { members } = await changeForward(acting, ({ finish }) =>
      finish !== null ? undefined : { set: { finish: { by: 'theseus', at: clock.iso(), comment: null } } },
    );
    for (const member of members) await letGo(member);
    await changeForward(acting, ({ status }) =>
      status === 'completed'
        ? undefined
        : {
            set: { status: 'completed', endedAt: clock.iso() },
            events: [{ type: 'release.completed', actor: 'theseus' }],
          },
    );
    metrics.count('ReleaseCompleted');
    return {};
  },
});
