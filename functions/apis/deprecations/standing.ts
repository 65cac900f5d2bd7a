import { type Calendar, calendarOf, dayMs } from './calendar.ts';
import type { DeprecationRecord } from './records.ts';

const time = (text: string | null): number | null => (text === null ? null : Date.parse(text));

/** The calendar of a deprecation that was announced; of one that was not yet as if it were at `now`. */
export const calendarFor = (
  record: Pick<
    DeprecationRecord,
    'policy' | 'announcedAt' | 'extensions' | 'pausedMs' | 'brownouts' | 'elements'
  >,
  now: number,
): Calendar =>
  calendarOf(
    {
      // The gateway refuses versions: of a part of one there is nothing to switch off for an hour.
      policy: record.elements === null ? record.policy : { ...record.policy, brownouts: [] },
      announcedAt: time(record.announcedAt) ?? now,
      extendedDays: record.extensions.reduce((sum, { days }) => sum + days, 0),
      pausedMs: record.pausedMs,
      brownouts: record.brownouts.map(({ state, from, to }) => ({ state, from: time(from), to: time(to) })),
    },
    now,
  );

/** How a reminder is known to have been sent: an extension makes it due anew. */
export const reminderKey = (days: number, { extensions }: Pick<DeprecationRecord, 'extensions'>): string =>
  `${days}-${extensions.length}`;

/** Consumers that still use it and did not consent. */
export const unprepared = ({ consumers }: Pick<DeprecationRecord, 'consumers'>) =>
  consumers.filter(({ ready }) => !ready);

export const isOver = ({ status }: Pick<DeprecationRecord, 'status'>): boolean =>
  status !== 'running' && status !== 'paused' && status !== 'needs_attention';

/** How often the platform looks, whatever is due: usage is kept current, ms. */
export const lookEveryMs = 7 * dayMs;
/** And how often while a brownout lasts, ms. */
export const watchEveryMs = 5 * 60_000;
/** Usage that is older than this is read again before anything is decided by it, ms. */
export const freshMs = 60 * 60_000;
