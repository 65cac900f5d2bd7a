import { z } from 'zod';
import { task } from '#platform/task.ts';
import { startMember, takeBack } from '../releases/members.ts';
import { TaskOfRelease } from '../releases/schemas.ts';
import { keepReleaseToken } from '../releases/waiting.ts';
import { changeBack, changeForward, readForward } from '../releases/workflow.ts';

/** Starts the deployments of a wave, or takes them back, and waits until all of them are there, or over. */
export const handler = task({
  name: 'move-wave',
  input: TaskOfRelease.extend({
    wave: z.int().min(0),
    direction: z.enum(['forth', 'back']),
    taskToken: z.string().min(1),
  }),
  output: z.strictObject({}),
  async handler({ wave, direction, taskToken, ...acting }) {
    if (direction === 'forth') {
      const record = await changeForward(acting, ({ wave: begun, waves }) =>
        begun !== null && begun >= wave
          ? undefined
          : {
              set: { wave },
              events: [
                {
                  type: 'release.wave_started',
                  actor: 'theseus',
                  data: { wave, services: waves[wave] ?? [] },
                },
              ],
            },
      );
      for (const member of record.members.filter((one) => one.wave === wave)) {
        await readForward(acting);
        await startMember(record, member);
      }
      await keepReleaseToken(record.id, 'wave', wave, taskToken);
      return {};
    }
    const record = await changeBack(acting, ({ status }) =>
      status === 'rolling_back'
        ? undefined
        : { set: { status: 'rolling_back' }, events: [{ type: 'release.going_back', actor: 'theseus' }] },
    );
    await Promise.all(
      record.members.filter((one) => one.wave === wave).map((member) => takeBack(record, member)),
    );
    await keepReleaseToken(record.id, 'back', wave, taskToken);
    return {};
  },
});
