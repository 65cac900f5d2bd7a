import { type Calendar, hourMs } from './calendar.ts';
import type { DeprecationRecord } from './records.ts';
import { calendarFor, isOver, lookEveryMs, reminderKey, unprepared, watchEveryMs } from './standing.ts';

/** What is to be done now. */
export type Next =
  | { do: 'take-back' }
  | { do: 'begin' }
  | { do: 'remind'; days: number }
  | { do: 'announce-brownout'; index: number; from: number; to: number }
  | { do: 'watch-brownout'; index: number }
  | { do: 'tell-sunset' }
  | { do: 'extend'; days: number; reason: string }
  | { do: 'ask-consent' }
  | { do: 'remove' }
  | { do: 'finish' }
  /** Until epoch ms; null: until a person acts. */
  | { do: 'rest'; until: number | null };

const lasting = new Set(['announced', 'begun']);

/** The one thing that is to be done of a deprecation at `now` (epoch ms), the most pressing first. */
export function nextOf(record: DeprecationRecord, now: number): Next {
  if (isOver(record)) return { do: 'rest', until: null };
  if (record.cancel !== null || record.restore !== null) return { do: 'take-back' };
  if (record.paused !== null || record.status === 'needs_attention') return { do: 'rest', until: null };
  if (record.announcedAt === null) return { do: 'begin' };
  if (record.removedAt !== null) {
    const until = Date.parse(record.restorableUntil ?? record.removedAt);
    return until <= now ? { do: 'finish' } : { do: 'rest', until };
  }
  return beforeRemoval(record, now);
}

function beforeRemoval(record: DeprecationRecord, now: number): Next {
  const calendar = calendarFor(record, now);
  const { brownouts, removeAt } = calendar;
  const current = brownouts.find(({ state, from }) => lasting.has(state) && from <= now);
  if (current === undefined) {
    const agreed =
      record.policy.consent !== 'not' && record.consumers.length > 0 && unprepared(record).length === 0;
    const said = agreed && record.consumers.some(({ consented }) => consented !== null);
    // Silence is no consent: only when somebody said so does it end the wait.
    if (said && record.policy.consent === 'enough' && record.analysed !== null) return { do: 'remove' };
    if (removeAt <= now) return whenOver(record, now);
  } else if (current.state === 'announced' || current.to <= now) {
    return { do: 'watch-brownout', index: current.index };
  }
  // While a brownout lasts too: what is told late moves what comes after it.
  const told = toldNow(record, calendar, now);
  if (told !== undefined) return told;
  if (current !== undefined) return { do: 'watch-brownout', index: current.index };
  const planned = brownouts.find(({ state }) => state === 'planned');
  const coming = brownouts.find(({ state }) => state === 'announced');
  const times = [
    removeAt,
    ...(planned === undefined ? [] : [planned.announceAt]),
    ...(coming === undefined ? [] : [coming.from]),
    ...calendar.reminders.filter(({ at }) => at > now).map(({ at }) => at),
  ];
  return { do: 'rest', until: Math.min(now + lookEveryMs, ...times) };
}

/** What consumers are to be told now, if anything. */
function toldNow(
  record: DeprecationRecord,
  { brownouts, removeAt, reminders }: Calendar,
  now: number,
): Next | undefined {
  const planned = brownouts.find(({ state }) => state === 'planned');
  if (planned !== undefined && planned.announceAt <= now)
    return { do: 'announce-brownout', index: planned.index, from: planned.from, to: planned.to };
  // Only now: what was announced holds still, what is only planned and late would move with every look.
  if (Math.abs(removeAt - Date.parse(record.toldSunset ?? record.announcedAt ?? '')) >= hourMs)
    return { do: 'tell-sunset' };
  // Whoever was just told of an extension needs no reminder whose day was before it.
  const since = Date.parse(record.extensions.at(-1)?.at ?? record.announcedAt ?? '');
  const latest = reminders.filter(({ at }) => at <= now && at > since).at(-1);
  if (latest !== undefined && !record.reminded.includes(reminderKey(latest.days, record)))
    return { do: 'remind', days: latest.days };
  return undefined;
}

/** Its time is over: who still needs it decides whether it goes. */
function whenOver(record: DeprecationRecord, now: number): Next {
  const { policy, extensions } = record;
  const left = unprepared(record);
  if (left.length === 0) return { do: 'remove' };
  if (policy.extensions.automatic && extensions.length < policy.extensions.max) {
    const named = left.slice(0, 5).map(({ consumer }) => consumer);
    const more = left.length > named.length ? ` and ${left.length - named.length} more` : '';
    return {
      do: 'extend',
      days: policy.extensions.days,
      reason: `Still used by ${named.join(', ')}${more}`,
    };
  }
  if (policy.consent !== 'required') return { do: 'remove' };
  if (record.askedConsentAt === null) return { do: 'ask-consent' };
  return { do: 'rest', until: now + lookEveryMs };
}

/** When a brownout that lasts is looked at again. */
export const watchUntil = (to: number, now: number): number => Math.min(to, now + watchEveryMs);
