import { performance } from 'node:perf_hooks';

/** The only source of time of the product: all lengths are milliseconds. */
export interface PlatformClock {
  /** Wall-clock time in epoch ms. May jump; never measure a length with it. */
  now(): number;
  /** `now()` as an ISO 8601 UTC string with ms. */
  iso(): string;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Monotonic ms since an arbitrary start, for measuring lengths. */
  monotonic(): number;
}

function systemSleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      Math.max(0, ms),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Time of the machine. The product says `clock`, which tests and the laptop may replace. */
export const systemClock: PlatformClock = {
  now: () => Date.now(),
  iso: () => new Date().toISOString(),
  sleep: systemSleep,
  monotonic: () => performance.now(),
};

export let clock: PlatformClock = systemClock;

/** Tests and the laptop control time through this. Returns a function that restores the former clock. */
export function setClock(source: PlatformClock): () => void {
  const former = clock;
  clock = source;
  return () => {
    clock = former;
  };
}
