import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { readDeprecation } from '../deprecations/deprecation-store.ts';
import { assertActs, changeActing } from '../deprecations/execution.ts';
import { applyMarks } from '../deprecations/marks.ts';
import { noticeOf } from '../deprecations/notices/notice.ts';
import { tellConsumers } from '../deprecations/notices/tell.ts';
import { Done, TaskOfDeprecation } from '../deprecations/schemas.ts';
import { calendarFor } from '../deprecations/standing.ts';

/** From here on it is deprecated: consumers are told, answers carry the headers, new consumers are refused. */
export const handler = task({
  name: 'announce-deprecation',
  input: TaskOfDeprecation,
  output: Done,
  async handler(acting, tools) {
    const found = await readDeprecation(acting.deprecationId);
    assertActs(found, acting.execution);
    const announcedAt = found.announcedAt ?? clock.iso();
    const now = Date.parse(announcedAt);
    const announced = { ...found, announcedAt };
    await tellConsumers(announced, noticeOf(announced, now, 'announced'));
    const toldSunset = new Date(calendarFor(announced, now).removeAt).toISOString();
    const record = await changeActing(acting, (current) =>
      current.announcedAt !== null
        ? undefined
        : {
            set: { announcedAt, toldSunset, phase: 'warning' },
            events: [{ type: 'deprecation.announced', actor: 'theseus', data: { sunset: toldSunset } }],
          },
    );
    await applyMarks(record, clock.now(), tools);
    return { phase: record.phase };
  },
});
