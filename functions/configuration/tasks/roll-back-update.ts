import { z } from 'zod';
import { task } from '#platform/task.ts';
import { changeActing } from '../updates/acting.ts';
import { tellServices } from '../updates/notices/tell-services.ts';
import { TaskOfUpdate } from '../updates/schemas.ts';
import { takeBack } from '../updates/writing.ts';

/** Puts the values from before in force again, and tells the services. Nothing where nothing can have been written. */
export const handler = task({
  name: 'roll-back-update',
  input: TaskOfUpdate,
  output: z.strictObject({ restored: z.int() }),
  async handler(acting, { signal }) {
    const record = await changeActing(acting, ({ status }) =>
      status === 'rolling_back' ? undefined : { set: { status: 'rolling_back', phase: 'roll_back' } },
    );
    if (!record.applying) return { restored: 0 };
    const restored = await takeBack(record, acting, signal);
    const back = await changeActing(acting, () => undefined);
    await tellServices(back, 'rolled_back');
    return { restored };
  },
});
