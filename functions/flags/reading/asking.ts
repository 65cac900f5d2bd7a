import { clock } from '#platform/clock.ts';
import { jitteredBackoff, random } from '#platform/random.ts';
import { untilAborted } from '#platform/until-aborted.ts';
import type { Answer, Feed } from './feed.ts';

/** A question that is under way. */
export interface Question {
  /** Epoch ms. */
  askedAt: number;
  /** Resolves when it was answered or given up; never rejects. */
  done: Promise<void>;
}

/** How one feed is asked: one question at a time, rarely after failures. */
export interface Asking {
  feed: Feed;
  /** When it answered last, epoch ms. */
  answeredAt(): number | undefined;
  /** When it may be asked next, epoch ms. */
  nextAt(): number;
  /** The question that is under way, or the one that begins now because it is time; undefined when it is not. */
  ask(): Question | undefined;
  /** Gives up what is under way. */
  stop(): void;
}

interface Outcome {
  answered: (answer: Answer) => void;
  failed: (error: unknown) => void;
}

/** After failures a feed is asked again within this, at most, ms. */
const longestPauseMs = 30_000;
const firstPauseMs = 1_000;

/** Up to a fifth later, so that processes that were started together do not ask together; never sooner than allowed. */
const jittered = (ms: number): number => ms * (1 + 0.2 * random());

const tooLate = (name: string, ms: number) => new Error(`${name} did not answer within ${ms} ms`);

/**
 * Asks a feed when it is time. Time is the wall clock's: the monotonic one may stand still while a process is frozen,
 * and a question from before that is over, whatever its timer says. A clock that is put back makes it time to ask.
 */
export function asking(feed: Feed, timeoutMs: number, outcome: Outcome): Asking {
  let running: (Question & { cancel: AbortController }) | undefined;
  let answeredAt: number | undefined;
  let lastAskedAt = Number.NEGATIVE_INFINITY;
  let nextAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let cursor: string | undefined;

  async function run(cancel: AbortController, isCurrent: () => boolean): Promise<void> {
    const finished = new AbortController();
    const late = clock.sleep(timeoutMs, finished.signal).then(
      () => cancel.abort(tooLate(feed.name, timeoutMs)),
      () => {},
    );
    try {
      const answer = await untilAborted(feed.ask(cursor, cancel.signal), cancel.signal);
      if (!isCurrent()) return;
      failures = 0;
      cursor = answer.cursor;
      answeredAt = clock.now();
      nextAt = answeredAt + jittered(answer.restMs ?? feed.intervalMs);
      outcome.answered(answer);
    } catch (error) {
      if (!isCurrent()) return;
      nextAt = clock.now() + firstPauseMs / 2 + jitteredBackoff(failures, firstPauseMs, longestPauseMs);
      failures += 1;
      outcome.failed(error);
    } finally {
      finished.abort();
      await late;
    }
  }

  function begin(now: number): Question {
    const cancel = new AbortController();
    const question = { askedAt: now, done: Promise.resolve(), cancel };
    running = question;
    lastAskedAt = now;
    question.done = run(cancel, () => running === question).finally(() => {
      if (running === question) running = undefined;
    });
    return question;
  }

  function stop(): void {
    const over = running;
    running = undefined;
    over?.cancel.abort(new Error(`${feed.name} is not asked any more`));
  }

  return {
    feed,
    answeredAt: () => answeredAt,
    nextAt: () => nextAt,
    stop,
    ask() {
      const now = clock.now();
      if (running !== undefined) {
        if (now - running.askedAt < timeoutMs) return running;
        stop();
        return begin(now);
      }
      return now >= nextAt || now < lastAskedAt ? begin(now) : undefined;
    },
  };
}
