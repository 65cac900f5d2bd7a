import { describe, expect, it } from 'vitest';
import { matchesError } from './failure.ts';
import { nextRetry } from './retry.ts';

describe('which errors a Retry or Catch takes', () => {
  it.each([
    ['Mine', 'Mine', true],
    ['Mine', 'Other', false],
    ['States.ALL', 'Mine', true],
    ['States.ALL', 'States.Timeout', true],
    ['States.ALL', 'States.QueryEvaluationError', true],
    ['States.ALL', 'States.DataLimitExceeded', false],
    ['States.ALL', 'States.Runtime', false],
    ['States.Runtime', 'States.Runtime', false],
    ['States.DataLimitExceeded', 'States.DataLimitExceeded', true],
    ['States.TaskFailed', 'Mine', true],
    ['States.TaskFailed', 'Sandbox.Timedout', true],
    ['States.TaskFailed', 'States.Timeout', false],
    ['States.TaskFailed', 'States.DataLimitExceeded', false],
    ['States.Timeout', 'States.HeartbeatTimeout', true],
    ['States.HeartbeatTimeout', 'States.Timeout', false],
  ])('%s and %s: %s', (pattern, error, expected) => {
    expect(matchesError([pattern], error)).toBe(expected);
  });
});

describe('nextRetry', () => {
  const delays = (retrier: object, random = () => 1) =>
    [0, 1, 2, 3, 4].map(
      (used) => nextRetry([{ ErrorEquals: ['E'], ...retrier }], [used], 'E', random)?.delayMs,
    );

  it('has the defaults of AWS: 1 s, doubled, three attempts', () => {
    expect(delays({})).toEqual([1_000, 2_000, 4_000, undefined, undefined]);
  });

  it('caps the delay, and does not retry with MaxAttempts 0', () => {
    expect(delays({ MaxDelaySeconds: 3, MaxAttempts: 4 })).toEqual([1_000, 2_000, 3_000, 3_000, undefined]);
    expect(delays({ MaxAttempts: 0 })[0]).toBeUndefined();
  });

  it('draws jitter below the capped delay', () => {
    expect(delays({ MaxDelaySeconds: 3, JitterStrategy: 'FULL' }, () => 0.5)).toEqual([
      500,
      1_000,
      1_500,
      undefined,
      undefined,
    ]);
  });

  it('lets the first matching entry decide alone', () => {
    const retriers = [{ ErrorEquals: ['E'], MaxAttempts: 1 }, { ErrorEquals: ['States.ALL'] }];
    expect(nextRetry(retriers, [1, 0], 'E', () => 1)).toBeUndefined();
    expect(nextRetry(retriers, [1, 0], 'F', () => 1)).toEqual({ index: 1, delayMs: 1_000 });
  });
});
