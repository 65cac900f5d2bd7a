import { type CircuitBreaker, circuitBreaker } from '../circuit-breaker/circuit-breaker.ts';
import type { BreakerPolicy } from '../circuit-breaker/policy.ts';

/** Most versions whose breakers are kept; the one made first goes first. */
const mostBreakers = 2_000;

export interface Breakers {
  /** The breaker of a version; a changed policy makes a new one, which learns the state from the table. */
  of(name: string, policy: BreakerPolicy): CircuitBreaker;
  /** Shares all outcomes that are still held. Never rejects. */
  flush(): Promise<void>;
}

/** Circuit breakers of the versions that this process sends to. */
export function breakersOf(make: typeof circuitBreaker = circuitBreaker): Breakers {
  const known = new Map<string, { policy: BreakerPolicy; breaker: CircuitBreaker }>();
  const isSame = (one: BreakerPolicy, other: BreakerPolicy) =>
    one === other || JSON.stringify(one) === JSON.stringify(other);
  return {
    of(name, policy) {
      const found = known.get(name);
      if (found !== undefined && isSame(found.policy, policy)) {
        // Routes are read anew all the time: the next comparison is of the same object.
        found.policy = policy;
        return found.breaker;
      }
      const breaker = make({ name, policy });
      known.delete(name);
      known.set(name, { policy, breaker });
      const [oldest] = known.keys();
      if (known.size > mostBreakers && oldest !== undefined) known.delete(oldest);
      return breaker;
    },
    async flush() {
      await Promise.all([...known.values()].map(({ breaker }) => breaker.flush()));
    },
  };
}
