/** Time as the laptop's services see it. All times are epoch milliseconds; all durations are milliseconds. */
export interface Clock {
  /** The present, in epoch milliseconds. */
  now(): number;
  /** Where time is being moved to while a clock is moved; else the present. Never before `now()`. */
  horizon(): number;
  /** Calls `run` once, `ms` from now (any length, also beyond setTimeout's 2^31 ms). Returns the cancel function. */
  setTimer(ms: number, run: () => void): () => void;
  /** As setTimer, for how long work may take: a clock that is moved forward leaves work under way its whole time. */
  setWorkTimer(ms: number, run: () => void): () => void;
  /** Resolves after `ms`; rejects with the signal's reason as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A clock that can be moved forward: due timers fire in order of their time. */
export interface MovableClock extends Clock {
  /** Moves time forward by `ms` (0 or more) and fires what became due. Resolves when that has settled. */
  advance(ms: number): Promise<void>;
}

/** A clock that moves only when told to. `now()` is exactly the due time while a timer runs. */
export interface VirtualClock extends MovableClock {
  /** Jumps to the next timer and fires it. False when none is set. */
  advanceToNextTimer(): Promise<boolean>;
  /** How many timers are set. */
  readonly pending: number;
}

interface Timer {
  due: number;
  order: number;
  run: () => void;
}

/** setTimeout overflows past this and would fire at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

function sleepOn(clock: Pick<Clock, 'setTimer'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.setTimer(ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** Timers kept in one list, so that a moved clock can fire them in order of due time, then of creation. */
function timerList() {
  const timers = new Set<Timer>();
  let created = 0;
  return {
    add(due: number, run: () => void): Timer {
      created += 1;
      const timer = { due, order: created, run };
      timers.add(timer);
      return timer;
    },
    remove: (timer: Timer) => timers.delete(timer),
    next(): Timer | undefined {
      let first: Timer | undefined;
      for (const timer of timers) {
        if (!first || timer.due < first.due || (timer.due === first.due && timer.order < first.order))
          first = timer;
      }
      return first;
    },
    get size() {
      return timers.size;
    },
  };
}

/** Lets promises and a few rounds of finished I/O run, so that what a timer set off can set the next one. */
async function settle(): Promise<void> {
  for (let round = 0; round < 8; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** The machine's own time. */
export function systemClock(): Clock {
  return shiftableClock();
}

/** Real time plus an offset: runs by itself, and `advance` skips ahead, firing the timers that became due. */
export function shiftableClock(): MovableClock {
  let offset = 0;
  let movesTo = 0;
  let handle: NodeJS.Timeout | undefined;
  const timers = timerList();
  const now = () => Date.now() + offset;
  const fireDue = () => {
    for (let next = timers.next(); next && next.due <= now(); next = timers.next()) {
      timers.remove(next);
      next.run();
    }
    arm();
  };
  const arm = () => {
    clearTimeout(handle);
    const next = timers.next();
    if (next) handle = setTimeout(fireDue, Math.min(Math.max(next.due - now(), 0), LONGEST_TIMEOUT));
  };
  const setTimer = (ms: number, run: () => void) => {
    const timer = timers.add(now() + Math.max(ms, 0), run);
    if (timers.next() === timer) arm();
    return () => {
      if (timers.remove(timer)) arm();
    };
  };
  return {
    now,
    horizon: () => Date.now() + Math.max(offset, movesTo),
    setTimer,
    setWorkTimer(ms, run) {
      const timeout = setTimeout(run, Math.min(Math.max(ms, 0), LONGEST_TIMEOUT));
      return () => clearTimeout(timeout);
    },
    sleep: (ms, signal) => sleepOn({ setTimer }, ms, signal),
    async advance(ms) {
      const target = offset + Math.max(ms, 0);
      movesTo = Math.max(movesTo, target);
      // Step by step, so that a timer set by another one still fires at its own time within the skipped span.
      for (;;) {
        const next = timers.next();
        const gap = next ? next.due - now() : Number.POSITIVE_INFINITY;
        if (offset + gap > target) break;
        offset += Math.max(gap, 0);
        fireDue();
        await settle();
      }
      offset = Math.max(offset, target);
      arm();
    },
  };
}

/** Time that stands still until `advance`. `startMs` is the epoch millisecond it begins at. */
export function virtualClock(startMs: number): VirtualClock {
  let present = startMs;
  let movesTo = startMs;
  const timers = timerList();
  const setTimer = (ms: number, run: () => void) => {
    const timer = timers.add(present + Math.max(ms, 0), run);
    return () => {
      timers.remove(timer);
    };
  };
  const fire = async (timer: Timer) => {
    present = Math.max(present, timer.due);
    timers.remove(timer);
    timer.run();
    await settle();
  };
  return {
    now: () => present,
    horizon: () => Math.max(present, movesTo),
    setTimer,
    setWorkTimer: setTimer,
    sleep: (ms, signal) => sleepOn({ setTimer }, ms, signal),
    async advance(ms) {
      await settle();
      const target = present + Math.max(ms, 0);
      movesTo = Math.max(movesTo, target);
      for (let next = timers.next(); next && next.due <= target; next = timers.next()) await fire(next);
      present = Math.max(present, target);
      await settle();
    },
    async advanceToNextTimer() {
      await settle();
      const next = timers.next();
      if (!next) return false;
      await fire(next);
      return true;
    },
    get pending() {
      return timers.size;
    },
  };
}
