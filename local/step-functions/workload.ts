/** How many threads run at this moment, so that a test can wait until only timers and tokens are left. */
export interface Workload {
  busy<T>(work: () => Promise<T>): Promise<T>;
  pause<T>(promise: Promise<T>): Promise<T>;
  idle(): Promise<void>;
}

export function createWorkload(): Workload {
  let running = 0;
  return {
    async busy(work) {
      running += 1;
      try {
        return await work();
      } finally {
        running -= 1;
      }
    },
    async pause(promise) {
      running -= 1;
      try {
        return await promise;
      } finally {
        running += 1;
      }
    },
    async idle() {
      // A timer that fired leaves the count at zero until its thread goes on: two quiet turns are needed.
      for (let quiet = 0; quiet < 2; quiet = running === 0 ? quiet + 1 : 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}
