import type { Judgement } from '#judge/judgement.ts';
import type { DeploymentRecord } from '../records.ts';
import { lookSeconds } from '../strategy.ts';

// What follows a look at a step: stay, go on, or go back. Computes only.

export type Decided =
  | { kind: 'hold'; waitSeconds: number; extendedSeconds: number }
  /** `step` is the index of the next one; null: all traffic is there, and baked. */
  | { kind: 'next'; step: number | null; inconclusive: boolean }
  | { kind: 'fail'; because: 'worse' | 'inconclusive' | 'paused_too_long' };

/** Where a deployment stands when it is looked at. */
export type Stand = Pick<
  DeploymentRecord,
  'steps' | 'step' | 'stepStartedAt' | 'extendedSeconds' | 'paused' | 'asked' | 'request'
>;

const pausedAtMostMs = 30 * 86_400_000;
/** While somebody has paused it, looks become rarer: an execution's history has an end. */
const pausedLookSeconds = 7_200;

const verdictOf = (judgement: Judgement | null) => judgement?.verdict ?? 'pass';

/** What to do at `now` (epoch ms); `judgement` is null where nothing is judged. */
export function decideNext(stand: Stand, judgement: Judgement | null, now: number): Decided {
  const { steps, step: at, extendedSeconds, paused, asked, request } = stand;
  const index = at ?? 0;
  const step = steps[index];
  if (verdictOf(judgement) === 'fail') return { kind: 'fail', because: 'worse' };
  const after = index + 1 < steps.length ? index + 1 : null;
  if (asked !== null && asked.step === index) {
    const last = steps.length - 1;
    const wanted = asked.what === 'skip-to-full' && index < last ? last : after;
    return { kind: 'next', step: wanted, inconclusive: false };
  }
  const every = lookSeconds(request.analysis?.intervalSeconds ?? 3_600, steps);
  if (paused !== null) {
    const pausedMs = now - Date.parse(paused.at);
    if (pausedMs > pausedAtMostMs) return { kind: 'fail', because: 'paused_too_long' };
    const rarer = Math.min(pausedLookSeconds, Math.floor(pausedMs / 4_000));
    return { kind: 'hold', waitSeconds: Math.max(every, rarer), extendedSeconds };
  }
  const startedAt = Date.parse(stand.stepStartedAt ?? '') || now;
  const elapsed = Math.floor((now - startedAt) / 1_000);
  const planned = (step?.holdSeconds ?? 0) + extendedSeconds;
  if (elapsed < planned) {
    return { kind: 'hold', waitSeconds: Math.max(1, Math.min(every, planned - elapsed)), extendedSeconds };
  }
  const inconclusive = verdictOf(judgement) === 'inconclusive';
  // Those who come first are few by intention: that they say little holds nobody up.
  if (!inconclusive || step?.kind === 'first') return { kind: 'next', step: after, inconclusive };
  const longer = Math.min(every, (request.analysis?.extendSeconds ?? 0) - extendedSeconds);
  if (longer > 0) return { kind: 'hold', waitSeconds: longer, extendedSeconds: extendedSeconds + longer };
  if (request.analysis?.onInconclusive === 'continue') return { kind: 'next', step: after, inconclusive };
  return { kind: 'fail', because: 'inconclusive' };
}
