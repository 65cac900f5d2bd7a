import type { Change } from '../changes.ts';
import type { Found, Pair } from './context.ts';
import type { Lifecycle, Operation } from './model.ts';
import { changeBy, type OpenApiRule } from './rules/rules.ts';

const LEVELS = ['draft', 'alpha', 'beta', 'stable'] as const;
export type Stability = (typeof LEVELS)[number];
/** Days between a deprecation and the day of sunset, at least. */
export const noticeDays: Record<Stability, number> = { draft: 0, alpha: 0, beta: 31, stable: 180 };

/** Undefined when nothing, or nothing that is known, is said. */
export const stabilityOf = ({ stability }: Lifecycle): Stability | undefined =>
  LEVELS.find((one) => one === stability);

const isUnknown = (one: Lifecycle) => one.stability !== undefined && stabilityOf(one) === undefined;

/** Days since 1970 of a date such as 2027-01-31, alone or with a time; undefined when it is none. */
export function dayOf(date: unknown): number | undefined {
  const found = /^(\d{4})-(\d{2})-(\d{2})($|[Tt ])/.exec(typeof date === 'string' ? date : '');
  if (!found) return undefined;
  const [year = 0, month = 0, day = 0] = found.slice(1, 4).map(Number);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const months = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (day < 1 || day > (months[month - 1] ?? 0)) return undefined;
  const before = year - 1;
  const years = before * 365 + Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  return years + months.slice(0, month - 1).reduce((sum, length) => sum + length, day) - DAYS_BEFORE_1970;
}

/** From the first day of the year 1 to the first of 1970, and one because days are counted from 1. */
const DAYS_BEFORE_1970 = 719_163;

/** By which rule a thing that is gone is told: whether it was deprecated, and its day of sunset is over. */
export function removal(
  { deprecated, sunset }: Lifecycle,
  today: string,
): 'without-deprecation' | 'before-sunset' | 'with-deprecation' | 'sunset-parse' {
  if (!deprecated) return 'without-deprecation';
  if (sunset === undefined) return 'with-deprecation';
  const day = dayOf(sunset);
  if (day === undefined) return 'sunset-parse';
  return day > (dayOf(today) ?? 0) ? 'before-sunset' : 'with-deprecation';
}

/** The endpoint is gone: how it was announced decides. `wholePath`: no endpoint of its path is left. */
export function endpointRemoved(operation: Operation, today: string, wholePath: boolean): Change {
  const { key, pointer, lifecycle } = operation;
  const how = removal(lifecycle, today);
  const subject = wholePath ? 'api-path' : 'api';
  const rule: OpenApiRule = how === 'sunset-parse' ? `${subject}-sunset-parse` : `${subject}-removed-${how}`;
  const why = {
    'without-deprecation': 'It was not deprecated',
    'before-sunset': `Its sunset is on ${lifecycle.sunset}, and today is ${today}`,
    'with-deprecation':
      lifecycle.sunset === undefined ? 'It was deprecated' : `Its sunset was on ${lifecycle.sunset}`,
    'sunset-parse': `Its x-sunset ${JSON.stringify(lifecycle.sunset)} is no date`,
  }[how];
  const message = `Expected ${key} as before, found no such endpoint. ${why}`;
  return changeBy(rule, { place: { kind: 'endpoint', endpoint: key }, pointer, message });
}

/** What endpoints promise of their own end and how stable they are. */
export function endpointLifecycle({ context, was, now, place }: Pair): Change[] {
  const at = (message: string): Found => ({
    place,
    pointer: now.pointer,
    message: `${place.endpoint} ${message}`,
  });
  const [before, after] = [was.lifecycle, now.lifecycle];
  const changes: Change[] = [];
  if (isUnknown(after) && after.stability !== before.stability)
    changes.push(
      changeBy('api-invalid-stability-level', at(`has x-stability-level ${JSON.stringify(after.stability)}`)),
    );
  const [one, other] = [stabilityOf(before), stabilityOf(after)];
  if (one && other && one !== other) {
    const rule =
      LEVELS.indexOf(other) < LEVELS.indexOf(one) ? 'api-stability-decreased' : 'api-stability-increased';
    changes.push(changeBy(rule, at(`was ${one} and is ${other}`)));
  }
  if (one && !other && !isUnknown(after))
    changes.push(changeBy('api-stability-decreased', at(`was ${one} and says nothing of its stability`)));
  const notice = noticeDays[stabilityOf(after) ?? stabilityOf(before) ?? 'stable'];
  const found = sunset(before, after, context.today, notice);
  for (const { end, message } of found) {
    const rules: Record<typeof end, OpenApiRule> = {
      deprecated: after.sunset === undefined ? 'endpoint-deprecated' : 'endpoint-deprecated-with-sunset',
      reactivated: 'endpoint-reactivated',
      missing: 'api-deprecated-sunset-missing',
      parse: 'api-deprecated-sunset-parse',
      small: 'api-sunset-date-too-small',
      deleted: 'api-sunset-deleted',
      changed: 'api-sunset-date-changed-too-small',
    };
    changes.push(changeBy(rules[end], at(message)));
  }
  return changes;
}

type End = 'deprecated' | 'reactivated' | 'missing' | 'parse' | 'small' | 'deleted' | 'changed';

/** What changed in a deprecation and its date. `notice`: days from now that a date has to be away. */
export function sunset(
  before: Lifecycle,
  after: Lifecycle,
  today: string,
  notice: number,
): { end: End; message: string }[] {
  if (!after.deprecated)
    return before.deprecated ? [{ end: 'reactivated', message: 'is no longer deprecated' }] : [];
  const found: { end: End; message: string }[] = [];
  const say = (end: End, message: string) => found.push({ end, message });
  const until = after.sunset === undefined ? '' : ` until ${JSON.stringify(after.sunset)}`;
  if (!before.deprecated) say('deprecated', `is deprecated${until}`);
  if (after.sunset === undefined) {
    if (before.deprecated && before.sunset !== undefined)
      say('deleted', `had its sunset on ${before.sunset} and says none`);
    else if (!before.deprecated && notice > 0) say('missing', 'does not say when it ends');
    return found;
  }
  if (before.deprecated && after.sunset === before.sunset) return found;
  const day = dayOf(after.sunset);
  const earliest = (dayOf(today) ?? 0) + notice;
  if (day === undefined) say('parse', `has an x-sunset that is no date: ${JSON.stringify(after.sunset)}`);
  else if (day < earliest) {
    const earlier = dayOf(before.sunset);
    const needs = `${notice} days from ${today} are the least`;
    if (before.deprecated && earlier !== undefined) {
      if (day < earlier) say('changed', `ends on ${after.sunset}, earlier than ${before.sunset}: ${needs}`);
    } else say('small', `ends on ${after.sunset}: ${needs}`);
  }
  return found;
}
