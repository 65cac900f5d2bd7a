import { task } from '#platform/task.ts';
import { readDeprecation } from '../deprecations/deprecation-store.ts';
import { changeActing } from '../deprecations/execution.ts';
import { Done, TaskOfDeprecation } from '../deprecations/schemas.ts';
import { checkSubject } from '../deprecations/starting.ts';

/** Holds the deprecation against the API as it is now: since it was asked for, its successor may have gone. */
export const handler = task({
  name: 'validate-deprecation',
  input: TaskOfDeprecation,
  output: Done,
  async handler(acting) {
    const { api, version, elements, successor, id } = await readDeprecation(acting.deprecationId);
    await checkSubject(api, { version, elements, successor: elements === null ? successor : null }, id);
    const { phase } = await changeActing(acting, (current) =>
      current.phase === 'validate' ? { set: { phase: 'analyse' } } : undefined,
    );
    return { phase };
  },
});
