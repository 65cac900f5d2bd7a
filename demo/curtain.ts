/** Ends one thing that was started; `now`: quickly, since nothing of it is needed any more. */
type Step = (now: boolean) => void | Promise<void>;

export interface Curtain {
  /** Adds what is to be done before the end; done at once when the end has come already. */
  before(step: Step): void;
  /** Aborted when the end has come. */
  fallen: AbortSignal;
  /** Does everything, last first, whatever fails on the way. Throws the first failure. */
  fall(now: boolean): Promise<void>;
}

/** What was started is ended, even what is started while the end has begun. */
export function openCurtain(): Curtain {
  const steps: Step[] = [];
  const end = new AbortController();
  let closed = false;
  return {
    fallen: end.signal,
    before(step) {
      if (closed) void step(true);
      else steps.push(step);
    },
    async fall(now) {
      end.abort();
      const failures: unknown[] = [];
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step(now);
        } catch (error) {
          failures.push(error);
        }
      }
      closed = true;
      if (failures.length > 0) throw failures[0];
    },
  };
}
