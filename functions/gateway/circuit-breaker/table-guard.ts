import { ConsecutiveBreaker, circuitBreaker, ExponentialBackoff, handleAll } from 'cockatiel';

// A table that does not answer must not slow down every call: after three failures in a row this process leaves it
// alone, at first for a second. This is what a breaker of one process is right for.
const failuresInARow = 3;
const firstPauseMs = 1_000;
const longestPauseMs = 15_000;

/** Runs a call of a table and gives it up after `waitMs`. Throws what it throws, and BrokenCircuitError without a call. */
export type TableGuard = <T>(waitMs: number, run: (signal: AbortSignal) => Promise<T>) => Promise<T>;

const guards = new Map<string, TableGuard>();

/** The one guard of a table in this process, whatever the number of breakers in it. */
export function guardOf(table: string): TableGuard {
  const known = guards.get(table);
  if (known !== undefined) return known;
  const policy = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(failuresInARow),
    halfOpenAfter: new ExponentialBackoff({ initialDelay: firstPauseMs, maxDelay: longestPauseMs }),
  });
  const guard: TableGuard = (waitMs, run) => policy.execute(() => run(AbortSignal.timeout(waitMs)));
  guards.set(table, guard);
  return guard;
}

/** Whether the table answered that it is asked too much: it is there, and somebody else's write got through. */
export const isThrottled = (error: unknown): boolean =>
  error instanceof Error &&
  /^(ProvisionedThroughputExceeded|Throttling|RequestLimitExceeded)/.test(error.name);
