import { Cron } from 'croner';

/** When a schedule fires next after a moment (epoch ms); undefined when never again. */
export type NextAfter = (after: number) => number | undefined;

const UNITS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

function malformed(expression: string, why: string): Error {
  return new Error(`Invalid Schedule Expression ${expression}: ${why}.`);
}

/**
 * Reads `at(yyyy-mm-ddThh:mm:ss)`, `rate(n minutes|hours|days)` or a cron expression of EventBridge's six fields
 * (minute, hour, day of month, month, day of week with 1 = Sunday, year). `timezone` is an IANA name; a rate counts from
 * `start` (epoch ms).
 * @throws Error naming the expression and what is wrong with it.
 */
export function parseExpression(expression: string, timezone: string, start: number): NextAfter {
  const [, kind, inner] = /^(at|rate|cron)\((.+)\)$/.exec(expression) ?? [];
  if (!kind || inner === undefined) throw malformed(expression, 'expected at(…), rate(…) or cron(…)');
  if (!isTimezone(timezone)) throw malformed(expression, `there is no time zone ${timezone}`);
  if (kind === 'at') return once(expression, inner, timezone);
  if (kind === 'rate') return every(expression, inner, start);
  return cron(expression, inner, timezone);
}

/** Those that were found: to ask takes milliseconds, and every look at a schedule asks. */
const timezones = new Set(['UTC']);
function isTimezone(name: string): boolean {
  if (timezones.has(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    return false;
  }
  timezones.add(name);
  return true;
}

/** Whether it fires at one moment only. */
export function isOnce(expression: string): boolean {
  return expression.startsWith('at(');
}

function once(expression: string, inner: string, timezone: string): NextAfter {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(inner) || Number.isNaN(Date.parse(`${inner}Z`))) {
    throw malformed(expression, 'expected at(yyyy-mm-ddThh:mm:ss)');
  }
  const due = new Cron(inner, { timezone, paused: true }).nextRun(new Date(0))?.getTime();
  if (due === undefined) throw malformed(expression, 'there is no such moment');
  return (after) => (due > after ? due : undefined);
}

function every(expression: string, inner: string, start: number): NextAfter {
  const [, amount, unit, plural] = /^([1-9]\d{0,8}) (minute|hour|day)(s?)$/.exec(inner) ?? [];
  const period = Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN);
  if (Number.isNaN(period) || (amount === '1') === (plural === 's')) {
    throw malformed(expression, 'expected rate(n minutes), hours or days, or rate(1 minute), hour or day');
  }
  return (after) => (after < start ? start : start + (Math.floor((after - start) / period) + 1) * period);
}

function cron(expression: string, inner: string, timezone: string): NextAfter {
  const fields = inner.trim().split(/\s+/);
  const [minute = '', hour = '', day = '', month = '', weekday = '', year = ''] = fields;
  if (fields.length !== 6) throw malformed(expression, `expected 6 fields, found ${fields.length}`);
  if ((day === '?') === (weekday === '?'))
    throw malformed(expression, 'exactly one of day of month and day of week is ?');
  const pattern = ['0', stepped(minute, 59), stepped(hour, 23), day, month, sundayFirst(weekday), year].join(
    ' ',
  );
  try {
    const job = new Cron(pattern, { timezone, paused: true, mode: '7-part' });
    return (after) => job.nextRun(new Date(after))?.getTime();
  } catch (cause) {
    throw malformed(expression, cause instanceof Error ? cause.message : String(cause));
  }
}

/** EventBridge writes `5/10` for "from 5, every 10"; croner wants the range spelled out. */
const stepped = (field: string, last: number) => field.replaceAll(/(^|,)(\d+)\//g, `$1$2-${last}/`);

/** EventBridge counts the days of the week from 1 = Sunday, croner from 0. What follows # or / is no day. */
function sundayFirst(field: string): string {
  return field.replaceAll(/(?<![#/\d])(\d+)/g, (_all, number: string) => {
    const day = Number(number);
    return day >= 1 && day <= 7 ? String(day - 1) : 'x';
  });
}
