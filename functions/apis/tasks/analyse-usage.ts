import { task } from '#platform/task.ts';
import { readDeprecation } from '../deprecations/deprecation-store.ts';
import { changeActing } from '../deprecations/execution.ts';
import { analyse } from '../deprecations/looking.ts';
import { Done, TaskOfDeprecation } from '../deprecations/schemas.ts';

/** Finds out who uses what goes, by consumer and field. */
export const handler = task({
  name: 'analyse-usage',
  input: TaskOfDeprecation,
  output: Done,
  async handler(acting) {
    const record = await analyse(acting, await readDeprecation(acting.deprecationId));
    const used = record.consumers.filter(({ requests }) => requests > 0).length;
    const { phase } = await changeActing(acting, (current) =>
      current.phase !== 'analyse'
        ? undefined
        : {
            set: { phase: 'announce' },
            events: [
              {
                type: 'deprecation.analysed',
                actor: 'theseus',
                data: { consumers: record.consumers.length, using: used },
              },
            ],
          },
    );
    return { phase };
  },
});
