import { InvalidInput } from '#platform/errors.ts';
import type { MigrationRecord } from '../records.ts';
import { nextOpen, type TimeWindow } from './windows.ts';

type Schedule = MigrationRecord['schedule'];

/** A token is waited for at most this long, ms. */
const furthestMs = 30 * 86_400_000;

/**
 * What is kept of a start's `at` and `windows`; null when it may begin at once and at any hour. `now` in epoch ms. Throws
 * InvalidInput for a time that is over or too far ahead.
 */
export function scheduleOf(
  { at, windows }: { at?: string | undefined; windows: TimeWindow[] },
  now: number,
): Schedule {
  if (at === undefined && windows.length === 0) return null;
  const time = at === undefined ? null : Date.parse(at);
  if (time !== null && (time <= now || time > now + furthestMs)) {
    throw new InvalidInput('The time to start at is not within the next 30 days', {
      problems: [
        {
          pointer: '/body/at',
          detail: `Expected a time after ${new Date(now).toISOString()} and not after ${new Date(now + furthestMs).toISOString()}, found ${at}`,
        },
      ],
      action: 'Leave `at` out to start at once.',
    });
  }
  return { at: time === null ? null : new Date(time).toISOString(), windows, startNow: false };
}

const seconds = (ms: number): number => Math.ceil(Math.max(0, ms) / 1_000);

/** How long until a migration may start, s; 0: now. */
export function secondsToStart(schedule: Schedule, now: number): number {
  if (schedule === null || schedule.startNow) return 0;
  const at = schedule.at === null ? now : Math.max(now, Date.parse(schedule.at));
  return seconds(nextOpen(schedule.windows, at) - now);
}

/** How long until its backfill may go on, s; 0: now. */
export function secondsToWindow(schedule: Schedule, now: number): number {
  return schedule === null ? 0 : seconds(nextOpen(schedule.windows, now) - now);
}
