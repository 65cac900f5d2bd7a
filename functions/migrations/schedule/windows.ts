import { z } from 'zod';

/** Days as people write them, Monday first. */
export const Day = z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);
type Day = z.infer<typeof Day>;

const TimeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day from 00:00 to 23:59, such as 22:00');

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Hours of the week in which heavy work is welcome, on the clocks of a time zone. */
export const TimeWindow = z
  .strictObject({
    days: z
      .array(Day)
      .min(1)
      .max(7)
      .default(Day.options)
      .describe('Days on which it opens; every day when absent'),
    from: TimeOfDay.describe('When it opens'),
    to: TimeOfDay.describe('When it closes; not later than `from`: on the day after'),
    timeZone: z
      .string()
      .max(64)
      .refine(isTimeZone, 'expected a time zone of the IANA database, such as Europe/Berlin or UTC')
      .describe('Whose clocks these are, e.g. Europe/Berlin'),
  })
  .meta({ id: 'TimeWindow' });
export type TimeWindow = z.infer<typeof TimeWindow>;

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

const formats = new Map<string, Intl.DateTimeFormat>();
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timeZone, format);
  return format;
}

/** What the clocks of a zone show at an instant, as if it were UTC: epoch ms, to the second. */
function wallOf(instant: number, timeZone: string): number {
  const parts = new Map<string, number>(
    formatOf(timeZone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: string): number => parts.get(type) ?? 0;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/**
 * The first instant at which the clocks of a zone show at least `wall`. A time that comes twice when clocks go back is
 * its first coming, one that they skip is the moment they skip it.
 */
function instantOf(wall: number, timeZone: string): number {
  // The zone's offset a day before and a day after: whatever happens between happens once.
  const offsets = [wall - dayMs, wall + dayMs].map((near) => wallOf(near, timeZone) - near);
  const candidates = offsets.map((offset) => wall - offset).sort((a, b) => a - b);
  const exact = candidates.find((instant) => wallOf(instant, timeZone) === wall);
  if (exact !== undefined) return exact;
  // Skipped: somewhere between the two the clocks jump over it.
  let [before, after] = [candidates[0] ?? wall, candidates.at(-1) ?? wall];
  while (after - before > 1_000) {
    const middle = Math.floor((before + after) / 2_000) * 1_000;
    if (wallOf(middle, timeZone) < wall) before = middle;
    else after = middle;
  }
  return after;
}

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** Every opening of a window that is near an instant: from the day before to eight days after. */
function openings(window: TimeWindow, instant: number): { from: number; to: number }[] {
  const today = Math.floor(wallOf(instant, window.timeZone) / dayMs) * dayMs;
  const [from, to] = [minutesOf(window.from), minutesOf(window.to)];
  return Array.from({ length: 10 }, (_, day) => today + (day - 1) * dayMs)
    .filter((midnight) => window.days.includes(dayOf(midnight)))
    .map((midnight) => ({
      from: instantOf(midnight + from * minuteMs, window.timeZone),
      to: instantOf(midnight + to * minuteMs + (to <= from ? dayMs : 0), window.timeZone),
    }));
}

/** The first day of the epoch was a Thursday. */
const dayOf = (midnight: number): Day => Day.options[(midnight / dayMs + 3) % 7] ?? 'mon';

/**
 * The first moment from `instant` on (epoch ms) at which one of the windows is open: `instant` itself when one is, or
 * when there are none. A week always has one.
 */
export function nextOpen(windows: readonly TimeWindow[], instant: number): number {
  if (windows.length === 0) return instant;
  const later = windows
    .flatMap((window) => openings(window, instant))
    .filter(({ from, to }) => to > instant && to > from)
    .map(({ from }) => Math.max(from, instant));
  return later.length === 0 ? instant : Math.min(...later);
}
