import { InvalidArgumentError } from 'commander';
import { Day, TimeWindow } from '#migrations/schedule/windows.ts';

const form = /^(?:(\S+)\s+)?(\d\d:\d\d)-(\d\d:\d\d)\s+(\S+)$/;

/** `mon-fri` or `sat,sun`: days by their first three letters. */
function daysOf(text: string): string[] {
  const all: string[] = Day.options;
  return text.split(',').flatMap((part) => {
    const [first = '', last = first] = part.split('-');
    const [from, to] = [all.indexOf(first), all.indexOf(last)];
    // What is no day is refused with the rest.
    if (from < 0 || to < 0) return [part];
    // sun-mon goes over the end of the week.
    const length = ((to - from + 7) % 7) + 1;
    return Array.from({ length }, (_, at) => all[(from + at) % 7] ?? part);
  });
}

/**
 * `mon-fri 22:00-04:00 Europe/Berlin` as a window; without days it is every day's. Throws InvalidArgumentError saying
 * what was expected.
 */
export function windowOf(text: string): TimeWindow {
  const [matched, days, from, to, timeZone] = form.exec(text.trim()) ?? [];
  const parsed = TimeWindow.safeParse({
    ...(days === undefined ? {} : { days: [...new Set(daysOf(days.toLowerCase()))] }),
    from,
    to,
    timeZone,
  });
  if (matched !== undefined && parsed.success) return parsed.data;
  const why =
    matched === undefined ? '' : ` ${parsed.error?.issues.map(({ message }) => message).join('; ')}.`;
  throw new InvalidArgumentError(
    `Expected hours such as "mon-fri 22:00-04:00 Europe/Berlin", found "${text}".${why}`,
  );
}

/** A time as the API takes it. Throws InvalidArgumentError when it does not say its offset from UTC, or is no time. */
export function timeOf(text: string): string {
  const offset = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;
  const time = Date.parse(text);
  if (offset.test(text) && !Number.isNaN(time)) return new Date(time).toISOString();
  throw new InvalidArgumentError(
    `Expected a time with its offset from UTC, such as 2026-03-02T22:00:00+01:00 or 2026-03-02T21:00:00Z, found "${text}".`,
  );
}
