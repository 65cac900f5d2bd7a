import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { extended } from '../deprecations/decisions.ts';
import { changeActing } from '../deprecations/execution.ts';
import { nextOf } from '../deprecations/next.ts';
import { Done, TaskOfDeprecation } from '../deprecations/schemas.ts';

/** Puts the removal off by itself, as the policy allows while consumers still use it. */
export const handler = task({
  name: 'extend-deprecation',
  input: TaskOfDeprecation,
  output: Done,
  async handler(acting) {
    const { phase } = await changeActing(acting, (current) => {
      const next = nextOf(current, clock.now());
      return next.do === 'extend' ? extended(current, next.days, next.reason, 'theseus') : undefined;
    });
    return { phase };
  },
});
