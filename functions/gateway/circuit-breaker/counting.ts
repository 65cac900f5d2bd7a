import { clock } from '#platform/clock.ts';
import { random } from '#platform/random.ts';
import type { Counted } from './breaker-store.ts';
import type { BreakerPolicy } from './policy.ts';
import { addTallies, bucketAt, type Tally, windowStart } from './tally.ts';

/** Outcomes are shared after so long, ms, a quarter more or less by chance; one that may matter, sooner. */
const shareMs = 1_000;
const shareBadMs = 200;
/** Or after so many. */
const mostHeld = 200;

/** Outcomes of this process that the others do not know of yet. */
export function outcomeCounter(policy: BreakerPolicy, share: (counted: Counted) => Promise<void>) {
  const held = new Map<string, Counted>();
  let calls = 0;
  let bad = false;
  let sharing = false;
  let shared = clock.now();
  let sharedBefore = false;
  let pause = shareMs;

  const hold = ({ generation, bucket, ...tally }: Counted) => {
    const key = `${generation}#${bucket}`;
    held.set(key, {
      generation,
      bucket,
      ...addTallies(held.get(key) ?? { calls: 0, failures: 0, slow: 0 }, tally),
    });
    calls += tally.calls;
    bad ||= tally.failures > 0 || tally.slow > 0;
  };

  async function flush(): Promise<void> {
    const taken = [...held.values()];
    held.clear();
    calls = 0;
    bad = false;
    shared = clock.now();
    sharedBefore = true;
    pause = shareMs * (0.75 + random() / 2);
    sharing = true;
    const outcomes = await Promise.allSettled(taken.map(share));
    sharing = false;
    const from = windowStart(policy, clock.now());
    for (const [at, outcome] of outcomes.entries()) {
      const counted = taken[at];
      // What is out of the window by now is of no use to anybody.
      if (outcome.status === 'rejected' && counted !== undefined && counted.bucket >= from) hold(counted);
    }
  }

  return {
    add(generation: number, tally: Tally): void {
      hold({ generation, bucket: bucketAt(policy, clock.now()), ...tally });
    },
    /** Whether what is held is to be shared now. */
    due(): boolean {
      if (sharing || held.size === 0) return false;
      const waited = clock.now() - shared;
      if (calls >= mostHeld || waited >= pause || waited < 0) return true;
      return bad && (waited >= shareBadMs || !sharedBefore);
    },
    /** Calls that nobody else knows of. */
    unshared: (): number => calls,
    /** Shares all that is held. What could not be shared is held on. Never rejects. */
    flush,
  };
}
