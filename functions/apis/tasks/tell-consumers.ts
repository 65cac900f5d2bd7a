import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { type Change, readDeprecation } from '../deprecations/deprecation-store.ts';
import { assertActs, changeActing } from '../deprecations/execution.ts';
import { noticeOf } from '../deprecations/notices/notice.ts';
import { tellConsumers } from '../deprecations/notices/tell.ts';
import type { DeprecationRecord } from '../deprecations/records.ts';
import { Done, TaskOfDeprecation } from '../deprecations/schemas.ts';
import { calendarFor, reminderKey } from '../deprecations/standing.ts';

/** Reminds all consumers, tells them that the sunset was moved, or asks them for consent. */
export const handler = task({
  name: 'tell-consumers',
  input: TaskOfDeprecation.extend({
    what: z.enum(['reminder', 'sunset_moved', 'consent_asked']),
    days: z.int(),
  }),
  output: Done,
  async handler({ what, days, ...acting }) {
    const found = await readDeprecation(acting.deprecationId);
    assertActs(found, acting.execution);
    await tellConsumers(found, noticeOf(found, clock.now(), what, { days }));
    const { phase } = await changeActing(acting, (current) => toldOf(current, what, days));
    return { phase };
  },
});

function toldOf(
  record: DeprecationRecord,
  what: 'reminder' | 'sunset_moved' | 'consent_asked',
  days: number,
): Change | undefined {
  if (what === 'consent_asked') {
    if (record.askedConsentAt !== null) return undefined;
    return {
      set: { askedConsentAt: clock.iso(), phase: 'consent' },
      events: [{ type: 'deprecation.consent_asked', actor: 'theseus' }],
    };
  }
  if (what === 'sunset_moved') {
    const sunset = new Date(calendarFor(record, clock.now()).removeAt).toISOString();
    if (record.toldSunset === sunset) return undefined;
    return {
      set: {
        toldSunset: sunset,
        phase: record.brownouts.some(({ state }) => state === 'begun') ? 'brownout' : 'warning',
      },
      events: [{ type: 'deprecation.sunset_moved', actor: 'theseus', data: { sunset } }],
    };
  }
  // Those whose days were passed in one go are told once, by the latest.
  const passed = record.policy.remindDays
    .filter((each) => each >= days)
    .map((each) => reminderKey(each, record));
  if (passed.every((key) => record.reminded.includes(key))) return undefined;
  return {
    set: { reminded: [...new Set([...record.reminded, ...passed])] },
    events: [{ type: 'deprecation.reminded', actor: 'theseus', data: { days } }],
  };
}
