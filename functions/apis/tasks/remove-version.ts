import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { dayMs } from '../deprecations/calendar.ts';
import { readDeprecation } from '../deprecations/deprecation-store.ts';
import { assertActs, changeActing } from '../deprecations/execution.ts';
import { applyMarks } from '../deprecations/marks.ts';
import { nextOf } from '../deprecations/next.ts';
import { noticeOf } from '../deprecations/notices/notice.ts';
import { tellConsumers } from '../deprecations/notices/tell.ts';
import { Done, TaskOfDeprecation } from '../deprecations/schemas.ts';

/** From here on the version answers 410 with the guide; of elements, the next version may leave them out. */
export const handler = task({
  name: 'remove-version',
  input: TaskOfDeprecation,
  output: Done,
  async handler(acting, tools) {
    const found = await readDeprecation(acting.deprecationId);
    assertActs(found, acting.execution);
    const now = clock.now();
    const record = await changeActing(acting, (current) => {
      if (nextOf(current, now).do !== 'remove') return undefined;
      // Of parts nothing was switched off: there is nothing to be undone.
      const days = current.elements === null ? current.policy.restoreDays : 0;
      return {
        set: {
          removedAt: new Date(now).toISOString(),
          restorableUntil: new Date(now + days * dayMs).toISOString(),
          phase: 'removed',
          brownouts: current.brownouts.map((one) =>
            one.state === 'planned' || one.state === 'announced'
              ? { ...one, state: 'skipped', from: null, to: null }
              : one,
          ),
        },
        events: [{ type: 'deprecation.removed', actor: 'theseus', data: { version: current.version } }],
      };
    });
    await applyMarks(record, now, tools);
    if (record.removedAt !== null) await tellConsumers(record, noticeOf(record, now, 'removed'));
    return { phase: record.phase };
  },
});
