import type { Policy } from './policies.ts';

// When what is due. All times are epoch ms; the calendar is worked out anew whenever it is asked for, so that being
// late, an extension or a brownout left out moves what follows and never what was announced.

export const dayMs = 86_400_000;
/** What is late by less than this is on time: nobody needs a sunset that moves by seconds. */
export const hourMs = 3_600_000;

export type BrownoutState = 'planned' | 'announced' | 'begun' | 'held' | 'interrupted' | 'skipped';

/** What is decided of a brownout; `from` and `to` are fixed once it was announced. */
export interface BrownoutStanding {
  state: BrownoutState;
  from: number | null;
  to: number | null;
}

export interface Standing {
  policy: Pick<Policy, 'noticeDays' | 'remindDays' | 'brownouts' | 'brownoutNoticeDays'>;
  announcedAt: number;
  /** Of all extensions. */
  extendedDays: number;
  /** How long it was paused in all, ms: everything comes so much later. */
  pausedMs: number;
  /** In the order of the policy's. */
  brownouts: readonly BrownoutStanding[];
}

export interface Calendar {
  /** Earliest first; those whose time was before the announcement are left out. */
  reminders: { days: number; at: number }[];
  brownouts: { index: number; state: BrownoutState; announceAt: number; from: number; to: number }[];
  removeAt: number;
}

/**
 * The calendar as it stands at `now`. What is only planned never begins sooner than its notice allows, counted from now, within an hour;
 * the removal comes no sooner than the notice and all extensions say, nor before the gap after the last brownout.
 */
export function calendarOf(standing: Standing, now: number): Calendar {
  const { policy, announcedAt, extendedDays, pausedMs, brownouts } = standing;
  const end = announcedAt + (policy.noticeDays + extendedDays) * dayMs + pausedMs;
  const noticeMs = policy.brownoutNoticeDays * dayMs;
  let left = policy.brownouts.reduce((sum, { gapDays }) => sum + gapDays, 0);
  /** The end of the gap of the last one that takes place. */
  let free = announcedAt;
  const dated: Calendar['brownouts'] = [];
  for (const [index, { hours, gapDays }] of policy.brownouts.entries()) {
    const { state = 'planned', from: fixed = null, to = null } = brownouts[index] ?? {};
    const planned = end - left * dayMs;
    left -= gapDays;
    if (state === 'skipped') continue;
    const from = fixed ?? Math.max(planned, free, now + noticeMs - hourMs);
    const announceAt = fixed === null ? Math.max(announcedAt, from - noticeMs) : from - noticeMs;
    dated.push({ index, state, announceAt, from, to: to ?? from + hours * hourMs });
    free = from + gapDays * dayMs;
  }
  const removeAt = Math.max(end, free);
  const reminders = policy.remindDays
    .map((days) => ({ days, at: removeAt - days * dayMs }))
    .filter(({ at }) => at > announcedAt)
    .toSorted((one, other) => one.at - other.at);
  return { reminders, brownouts: dated, removeAt };
}
