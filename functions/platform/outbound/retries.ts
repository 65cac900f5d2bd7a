import { random } from '../random.ts';

const minute = 60_000;
const hour = 60 * minute;

/** How long after each failure the next try comes, ms; with the first try seven in all, over about 18 hours. */
export const retryDelays = [minute, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour] as const;

/** Retry-After in ms: seconds or a date, at most the longest delay; undefined when it says nothing usable. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  if (!Number.isFinite(ms) || ms < 0) return undefined;
  return Math.min(ms, Math.max(...retryDelays));
}

/** When the next try comes after `failures` failed ones (epoch ms), a quarter earlier or later; undefined: no more. */
export function nextTry(failures: number, now: number, askedMs = 0): number | undefined {
  const delay = retryDelays[failures - 1];
  if (delay === undefined) return undefined;
  return Math.round(now + Math.max(askedMs, delay * (0.75 + random() / 2)));
}
