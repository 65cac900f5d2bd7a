import type { Retrier } from './definition.ts';
import { matchesError } from './failure.ts';

/**
 * Which retrier answers an error, and after how many milliseconds; undefined when none does or its attempts are used up.
 * As in AWS the first matching entry decides alone, attempts are counted for each entry, and the defaults are
 * IntervalSeconds 1, MaxAttempts 3, BackoffRate 2. FULL jitter draws evenly between 0 and the delay.
 * @param used attempts already made, by index of the retrier.
 */
export function nextRetry(
  retriers: readonly Retrier[],
  used: readonly number[],
  error: string,
  random: () => number,
): { index: number; delayMs: number } | undefined {
  const index = retriers.findIndex((retrier) => matchesError(retrier.ErrorEquals, error));
  const retrier = retriers[index];
  if (!retrier) return undefined;
  const attempts = used[index] ?? 0;
  if (attempts >= (retrier.MaxAttempts ?? 3)) return undefined;
  const grown = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** attempts;
  const seconds = Math.min(grown, retrier.MaxDelaySeconds ?? 31_622_400);
  const delayMs = seconds * 1_000 * (retrier.JitterStrategy === 'FULL' ? random() : 1);
  return { index, delayMs: Math.round(delayMs) };
}
