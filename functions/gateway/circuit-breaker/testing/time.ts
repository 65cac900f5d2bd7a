import { clock, setClock } from '#platform/clock.ts';

/** Time that stands still until it is moved. `restore` gives the former clock back. */
export function standingClock(startMs: number): { advance: (ms: number) => void; restore: () => void } {
  let now = startMs;
  const restore = setClock({
    now: () => now,
    iso: () => new Date(now).toISOString(),
    monotonic: () => now,
    sleep: clock.sleep,
  });
  return {
    advance: (ms) => {
      now += ms;
    },
    restore,
  };
}
