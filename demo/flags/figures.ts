import type { Visit } from './messages.ts';

/** What a visit shows of a change: what was before it, what is after it, or neither. */
export type Reading = (visit: Visit) => 'old' | 'new' | undefined;

/** How a change came to those who use the service; all of it ms after the change was asked for, by when requests were sent. */
export interface Effect {
  /** Until the first request that had it; null: there was none. */
  first: number | null;
  /** Until the first request that had it, at the instance that was the last to have it; null: one never had it. */
  everywhere: number | null;
  /** Until the last request that did not have it; 0: there was none. */
  lastWithout: number;
}

/** A stretch of the demo in epoch ms, `to` exclusive. */
export interface Stretch {
  from: number;
  to: number;
}

const inside = (visits: readonly Visit[], { from, to }: Stretch) =>
  visits.filter(({ at }) => at >= from && at < to);

/** How a change that was asked for at the beginning of the stretch came to `instances` of them. */
export function effectOf(
  visits: readonly Visit[],
  stretch: Stretch,
  { read, instances }: { read: Reading; instances: number },
): Effect {
  const firsts = new Map<number, number>();
  let lastWithout = 0;
  for (const visit of inside(visits, stretch)) {
    const after = visit.at - stretch.from;
    const what = read(visit);
    if (what === 'new') firsts.set(visit.instance, Math.min(after, firsts.get(visit.instance) ?? after));
    if (what === 'old') lastWithout = Math.max(lastWithout, after);
  }
  const all = [...firsts.values()];
  return {
    first: all.length === 0 ? null : Math.min(...all),
    everywhere: all.length < instances ? null : Math.max(...all),
    lastWithout,
  };
}

/** By user, whether the last visit before `at` had the new checkout. */
export function standing(visits: readonly Visit[], at: number): Map<number, boolean> {
  const last = new Map<number, Visit>();
  for (const visit of visits) {
    if (visit.at >= at || visit.isNew === null) continue;
    const known = last.get(visit.user);
    if (known === undefined || known.at <= visit.at) last.set(visit.user, visit);
  }
  return new Map([...last].map(([user, { isNew }]) => [user, isNew === true]));
}

/** A percentage of the users, and what they saw of it. */
export interface Share {
  percentage: number;
  users: number;
  /** Of the users, those who had the new checkout in the end. */
  withIt: number;
  effect: Effect;
  /** Whether every user came to its end again after the last one who did not have it yet. */
  settled: boolean;
  asAsked: boolean;
  /** Users who had it before and did not any more, and users to whom instances said different things. */
  taken: number;
  split: number;
}

/** Whether so many of the users are `percentage` of them, within five standard deviations of what chance alone makes. */
export function isShare(withIt: number, users: number, percentage: number): boolean {
  const wanted = percentage / 100;
  return Math.abs(withIt / users - wanted) <= 5 * Math.sqrt((wanted * (1 - wanted)) / users);
}

/**
 * What came of a percentage between the change and the next one. `roundMs` is the time in which every user comes once.
 */
export function shareOf(
  visits: readonly Visit[],
  { from, to }: Stretch,
  { percentage, instances, roundMs }: { percentage: number; instances: number; roundMs: number },
): Share {
  const before = standing(visits, from);
  const after = standing(visits, to);
  const read: Reading = ({ user, isNew }) =>
    after.get(user) === true && before.get(user) !== true && isNew !== null
      ? isNew
        ? 'new'
        : 'old'
      : undefined;
  const effect = effectOf(visits, { from, to }, { read, instances });
  const withIt = [...after.values()].filter(Boolean).length;
  const settledAt = from + effect.lastWithout + 1;
  const settled = effect.everywhere !== null && to - settledAt >= roundMs;
  const taken = new Set<number>();
  const answers = new Map<number, Set<boolean>>();
  for (const { at, user, isNew } of inside(visits, { from, to })) {
    if (isNew === null) continue;
    if (!isNew && before.get(user) === true) taken.add(user);
    if (at >= settledAt) answers.set(user, (answers.get(user) ?? new Set()).add(isNew));
  }
  return {
    percentage,
    users: after.size,
    withIt,
    effect,
    settled,
    asAsked: after.size > 0 && isShare(withIt, after.size, percentage),
    taken: taken.size,
    split: [...answers.values()].filter(({ size }) => size > 1).length,
  };
}

/** Requests that nobody answered, and those that failed: by the limit that they had. */
export function failuresIn(visits: readonly Visit[]): { lost: number; failedAt: Map<number, number> } {
  const failedAt = new Map<number, number>();
  let lost = 0;
  for (const { status, limitMs } of visits) {
    if (status === 0 || limitMs === null) lost += 1;
    else if (status >= 500) failedAt.set(limitMs, (failedAt.get(limitMs) ?? 0) + 1);
  }
  return { lost, failedAt };
}
