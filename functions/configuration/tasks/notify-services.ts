import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { changeWanted } from '../updates/acting.ts';
import { tellServices } from '../updates/notices/tell-services.ts';
import { TaskOfUpdate } from '../updates/schemas.ts';

/** Tells the services that their configuration changed; from here on it is watched how they do. */
export const handler = task({
  name: 'notify-services',
  input: TaskOfUpdate,
  output: z.strictObject({}),
  async handler(acting) {
    const record = await changeWanted(acting, () => undefined);
    await tellServices(record, 'updated');
    await changeWanted(acting, ({ phase, health }) => {
      if (phase !== 'notify') return undefined;
      const until = new Date(clock.now() + health.forSeconds * 1_000).toISOString();
      return { set: { phase: 'health', health: { ...health, until } } };
    });
    return {};
  },
});
