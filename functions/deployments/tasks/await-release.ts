import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { TaskOfRelease } from '../releases/schemas.ts';
import { keepReleaseToken } from '../releases/waiting.ts';
import { changeForward } from '../releases/workflow.ts';

/** Waits for a person: an approval, or the end of the time in which all old versions are kept. */
export const handler = task({
  name: 'await-release',
  input: TaskOfRelease.extend({ waitsFor: z.enum(['approval', 'keep']), taskToken: z.string().min(1) }),
  output: z.strictObject({}),
  async handler({ waitsFor, taskToken, ...acting }) {
    const { id, waves } = await changeForward(acting, ({ status, request }) => {
      if (waitsFor === 'approval' || status === 'keeping') return undefined;
      const keepsUntil = new Date(clock.now() + request.keepSeconds * 1_000).toISOString();
      return {
        set: { status: 'keeping', keepsUntil },
        events: [{ type: 'release.keeps_old_versions', actor: 'theseus', data: { until: keepsUntil } }],
      };
    });
    await keepReleaseToken(id, waitsFor, waves.length, taskToken);
    return {};
  },
});
