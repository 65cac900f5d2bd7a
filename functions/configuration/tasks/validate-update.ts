import { z } from 'zod';
import { task } from '#platform/task.ts';
import { changeWanted } from '../updates/acting.ts';
import { TaskOfUpdate } from '../updates/schemas.ts';
import { validateStored } from '../updates/validating.ts';

/** Now that its turn has come: do the values still fit the schemas of their keys, and break no rule? Whom do they affect? */
export const handler = task({
  name: 'validate-update',
  input: TaskOfUpdate,
  output: z.strictObject({ services: z.int() }),
  async handler(acting) {
    const record = await changeWanted(acting, ({ phase }) =>
      phase === 'queue' ? { set: { status: 'running', phase: 'validate' } } : undefined,
    );
    const { services, warnings, approval } = await validateStored(record);
    await changeWanted(acting, ({ phase }) =>
      phase === 'validate'
        ? {
            set: { phase: 'back_up', services, warnings, approval },
            events: [
              {
                type: 'update.validated',
                actor: 'theseus',
                data: { services: services.map(({ service }) => service), warnings: warnings.length },
              },
            ],
          }
        : undefined,
    );
    return { services: services.length };
  },
});
