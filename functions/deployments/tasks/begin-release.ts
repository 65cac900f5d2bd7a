import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { findDeployment } from '../deployment-store.ts';
import { ReleaseUnorderable } from '../errors.ts';
import { planRelease } from '../releases/facts.ts';
import { TaskOfRelease } from '../releases/schemas.ts';
import { changeForward, readForward } from '../releases/workflow.ts';

/** Begins; looks once more whether the order holds, for much may have changed while it waited for an approval. */
export const handler = task({
  name: 'begin-release',
  input: TaskOfRelease,
  output: z.strictObject({}),
  async handler(acting) {
    const { request, waves, startedAt, members } = await readForward(acting);
    if (startedAt !== null) return {};
    const first = members[0] === undefined ? undefined : await findDeployment(members[0].deployment);
    const plan = first === undefined ? await planRelease(request) : undefined;
    if (plan !== undefined && JSON.stringify(plan.waves) !== JSON.stringify(waves)) {
      throw new ReleaseUnorderable('The order of the members is another one than when it was planned', {
        evidence: { planned: waves, found: plan.waves },
        action: 'Release again: the order is planned anew.',
      });
    }
    await changeForward(acting, (record) =>
      record.startedAt !== null
        ? undefined
        : {
            set: { status: 'running', startedAt: clock.iso() },
            events: [{ type: 'release.started', actor: 'theseus' }],
          },
    );
    return {};
  },
});
