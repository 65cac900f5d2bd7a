import type { RolloutRecord } from './records.ts';
import type { RolloutJudgement } from './schemas.ts';
import { ownVersion, type Standing } from './standing.ts';

/** The one thing that is to be done of a rollout. */
export type Next =
  | { do: 'set'; step: number }
  /** Until all readers have what was set. */
  | { do: 'await' }
  | { do: 'hold'; until: number }
  | { do: 'pause'; why: string }
  /** It is paused: a person acts. */
  | { do: 'rest' }
  | { do: 'back'; why: string }
  | { do: 'end'; as: NonNullable<RolloutRecord['ends']>; why: string | null };

/** What a look found. */
export interface Found {
  judgement: RolloutJudgement | null;
  /** What was ill twice in a row; null: nothing. */
  ill: string | null;
}

/**
 * Milliseconds until the next look at a step that has had `heldMs`; undefined where there is nothing to look at. What does
 * harm is to be seen early, and a history has room for so many looks: later they are apart a part of the time that the step
 * has had, so that hundreds do for months.
 */
function lookMs({ judge, urls, steps, lookSeconds }: RolloutRecord, heldMs: number): number | undefined {
  if (judge === null && urls.length === 0) return undefined;
  const parts = Math.max(2, Math.floor(40 / steps.length));
  return Math.max(lookSeconds * 1_000, Math.ceil(heldMs / parts));
}

/** What is to be done of a rollout at `now` (epoch ms), the most pressing first. */
export function nextOf(record: RolloutRecord, standing: Standing, found: Found, now: number): Next {
  const { ends, status, current, flag, paused, promote } = record;
  if (ends !== null) return { do: 'end', as: ends, why: record.reason };
  if (status === 'rolling_back') return { do: 'back', why: record.reason ?? '' };
  if (standing.flag === null) return { do: 'end', as: 'superseded', why: `${flag} was deleted` };
  if (ownVersion(record, standing) === undefined) {
    const { by, version } = standing.flag;
    return { do: 'end', as: 'superseded', why: `${by} changed ${flag}: version ${version}` };
  }
  if (standing.killed !== null)
    return { do: 'end', as: 'killed', why: `A kill switch holds ${flag} off: ${standing.killed}` };
  if (promote !== null) return onward(record);
  if (paused !== null) return { do: 'rest' };
  if (current === null) return { do: 'set', step: 0 };
  if (standing.deployed < current.revision) {
    const { refused } = standing;
    if (refused === null || refused.revision < current.revision) return { do: 'await' };
    return failed(record, `It did not come into force: ${refused.why}`);
  }
  if (found.judgement?.verdict === 'fail') return failed(record, found.judgement.why.join('; '));
  if (found.ill !== null) return failed(record, found.ill);
  return whileHeld(record, found, now);
}

/** Whether the step follows on what is set, of a rollout that goes on. */
export const isNext = ({ current, status, ends }: RolloutRecord, step: number): boolean =>
  ends === null &&
  (status === 'running' || status === 'paused') &&
  (current === null ? step === 0 : step === current.index + 1);

/** The same, and nobody asked for something else. */
export const isWanted = (record: RolloutRecord, step: number): boolean =>
  isNext(record, step) && record.status === 'running' && (record.paused === null || record.promote !== null);

const failed = ({ onFail }: RolloutRecord, why: string): Next =>
  onFail === 'rollback' ? { do: 'back', why } : { do: 'pause', why };

function onward({ current, steps }: RolloutRecord): Next {
  const step = current === null ? 0 : current.index + 1;
  return step < steps.length ? { do: 'set', step } : { do: 'end', as: 'completed', why: null };
}

/** When the step that was set last has had its time, epoch ms; undefined before its time began. */
export function holdsUntil({ current, steps }: Pick<RolloutRecord, 'current' | 'steps'>): number | undefined {
  if (current === null || current.heldSince === null) return undefined;
  return Date.parse(current.heldSince) + (steps[current.index]?.holdSeconds ?? 0) * 1_000;
}

function whileHeld(record: RolloutRecord, { judgement }: Found, now: number): Next {
  const { current, judge } = record;
  const until = holdsUntil(record) ?? now;
  const since = current?.heldSince ?? null;
  const heldMs = since === null ? 0 : now - Date.parse(since);
  const every = lookMs(record, heldMs) ?? Number.POSITIVE_INFINITY;
  if (now < until) return { do: 'hold', until: Math.min(until, now + every) };
  if (judge !== null && judgement?.verdict !== 'pass') {
    const limit = until + judge.waitSeconds * 1_000;
    if (now < limit) return { do: 'hold', until: Math.min(limit, now + every) };
    const why = judgement?.why.join('; ') ?? 'nobody was counted';
    return { do: 'pause', why: `Too little is known to go on: ${why}` };
  }
  return onward(record);
}
