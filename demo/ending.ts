/** How a run that is asked to end by a signal ends: the shells' 128 + number. */
const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const patienceMs = 1_000;

export interface Ending {
  /** Resolves when somebody asked for the end, with the exit code of a run that was broken off. */
  asked: Promise<number>;
  /** Whether the end was asked for, a moment from now: what a signal broke may be noticed before the signal is. */
  wasAsked(): Promise<boolean>;
  ignore(): void;
}

/**
 * Listens to Ctrl-C and its kin from now on. The first asks for an end in order; one that follows more than a second
 * later ends the process at once. (A terminal and a parent may both pass on one Ctrl-C.)
 */
export function listenToEnd(): Ending {
  const { promise, resolve } = Promise.withResolvers<number>();
  let askedAt = 0;
  const listeners = signals.map((signal) => {
    const listener = (): void => {
      if (askedAt === 0) askedAt = Date.now();
      else if (Date.now() - askedAt > patienceMs) process.exit(codes[signal]);
      resolve(codes[signal]);
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  return {
    asked: promise,
    async wasAsked() {
      await new Promise((next) => setTimeout(next, 50));
      return askedAt > 0;
    },
    ignore() {
      for (const { signal, listener } of listeners) process.off(signal, listener);
    },
  };
}
