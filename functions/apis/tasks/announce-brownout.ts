import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { readDeprecation } from '../deprecations/deprecation-store.ts';
import { assertActs, changeActing } from '../deprecations/execution.ts';
import { applyMarks } from '../deprecations/marks.ts';
import { noticeOf } from '../deprecations/notices/notice.ts';
import { tellConsumers } from '../deprecations/notices/tell.ts';
import type { DeprecationRecord } from '../deprecations/records.ts';
import { Done, TaskOfDeprecation } from '../deprecations/schemas.ts';
import { calendarFor } from '../deprecations/standing.ts';

/** The record with the dates of this brownout fixed; undefined when they are already, or it was left out. */
function announced(
  record: DeprecationRecord,
  index: number,
  now: number,
): DeprecationRecord['brownouts'] | undefined {
  const dates = calendarFor(record, now).brownouts.find((one) => one.index === index);
  if (dates?.state !== 'planned') return undefined;
  const [from, to] = [dates.from, dates.to].map((ms) => new Date(ms).toISOString());
  if (from === undefined || to === undefined) return undefined;
  return record.brownouts.map((one, at) => (at === index ? { ...one, state: 'announced', from, to } : one));
}

/** Fixes the dates of a brownout, gives them to the gateway, and tells consumers. */
export const handler = task({
  name: 'announce-brownout',
  input: TaskOfDeprecation.extend({ index: z.int() }),
  output: Done,
  async handler({ index, ...acting }, tools) {
    assertActs(await readDeprecation(acting.deprecationId), acting.execution);
    const now = clock.now();
    // The dates are fixed first: what is told must be what is stored.
    const record = await changeActing(acting, (current) => {
      const brownouts = announced(current, index, now);
      const from = brownouts?.[index]?.from ?? '';
      if (brownouts === undefined) return undefined;
      return {
        set: { brownouts },
        events: [{ type: 'deprecation.brownout_announced', actor: 'theseus', data: { index, from } }],
      };
    });
    await applyMarks(record, now, tools);
    if (record.brownouts[index]?.state === 'announced')
      await tellConsumers(record, noticeOf(record, now, 'brownout_announced', { index }));
    return { phase: record.phase };
  },
});
