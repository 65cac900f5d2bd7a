import { clock } from '#platform/clock.ts';
import { untilAborted } from '#platform/until-aborted.ts';
import type { Assignable, Assignments as AssignmentsPort } from '../openfeature/assignments.ts';
import { type PlatformEndpoint, postTo } from '../openfeature/tracks.ts';
import { Assignments } from './assignment-schemas.ts';
import { isSomebody } from './limits.ts';
import { Remembered } from './remembered.ts';

export interface PlatformAssignmentsOptions extends PlatformEndpoint {
  /** Users of flags whose variants are remembered here. */
  mostRemembered?: number;
  /** For so long what is remembered is not asked again, ms. */
  freshMs?: number;
  /** How long questions wait for others, ms. */
  collectMs?: number;
  /** An evaluation waits so long at most, ms. */
  timeoutMs?: number;
  /** After a failure nothing is asked for so long, ms: evaluations do not wait one after the other. */
  restMs?: number;
  /** Told when variants are left as they were evaluated, once for each failure. */
  onFallback?: (error: unknown) => void;
}

/** Where the platform remembers which variant somebody got first. */
export interface PlatformAssignments extends AssignmentsPort {
  /** `fallbacks`: evaluations that were left as they were, since the platform did not answer. */
  stats(): { asked: number; fallbacks: number; remembered: number };
}

const largestAsk = 100;

interface Waiting {
  asked: Assignable;
  answer: (variant: string) => void;
}

/**
 * Asks the platform for the variants that stay, many at once, and remembers them. When the platform does not answer in
 * time, what was remembered before holds, else the variant of the bucket: the same one everywhere, until weights change.
 */
export function platformAssignments({
  mostRemembered = 10_000,
  freshMs = 60_000,
  collectMs = 2,
  timeoutMs = 250,
  restMs = 1_000,
  onFallback = () => {},
  ...endpoint
}: PlatformAssignmentsOptions): PlatformAssignments {
  const known = new Remembered<string>(mostRemembered);
  const underWay = new Map<string, Promise<string>>();
  let waiting: Waiting[] = [];
  let restsUntil = Number.NEGATIVE_INFINITY;
  let asked = 0;
  let fallbacks = 0;
  const keyOf = ({ flag, targetingKey }: Assignable) => `${flag}\u0000${targetingKey}`;

  async function ask(batch: Waiting[]): Promise<void> {
    const late = new AbortController();
    const finished = new AbortController();
    const timer = clock.sleep(timeoutMs, finished.signal).then(
      () => late.abort(new Error(`No answer within ${timeoutMs} ms`)),
      () => {},
    );
    try {
      asked += 1;
      const asks = batch.map((one) => one.asked);
      const posted = postTo(endpoint, 'assignments', { asks }, late.signal);
      const found = Assignments.parse(await untilAborted(posted, late.signal));
      for (const [at, one] of batch.entries()) {
        const variant = found.assignments[at]?.variant ?? one.asked.variant;
        known.set(keyOf(one.asked), variant);
        one.answer(variant);
      }
    } catch (error) {
      restsUntil = clock.now() + restMs;
      for (const one of batch) one.answer(fallback(one.asked));
      try {
        onFallback(error);
      } catch {
        // What the caller does about it is the caller's.
      }
    } finally {
      finished.abort();
      await timer;
    }
  }

  function fallback(one: Assignable): string {
    fallbacks += 1;
    return known.get(keyOf(one))?.value ?? one.variant;
  }

  function askTogether(): void {
    const all = waiting;
    waiting = [];
    for (let at = 0; at < all.length; at += largestAsk) void ask(all.slice(at, at + largestAsk));
  }

  return {
    async assigned(one) {
      // Nobody whom an experiment could count.
      if (!isSomebody(one.targetingKey)) return one.variant;
      const key = keyOf(one);
      const found = known.get(key);
      if (found !== undefined && found.ageMs < freshMs) return found.value;
      if (clock.now() < restsUntil) return fallback(one);
      const running = underWay.get(key);
      if (running !== undefined) return running;
      if (waiting.length === 0) clock.sleep(collectMs).then(askTogether, askTogether);
      const answer = new Promise<string>((resolve) => {
        waiting.push({ asked: one, answer: resolve });
      }).finally(() => underWay.delete(key));
      underWay.set(key, answer);
      return answer;
    },
    stats: () => ({ asked, fallbacks, remembered: known.size }),
  };
}
