import { circuitBreaker } from '#gateway/circuit-breaker/circuit-breaker.ts';
import { CircuitOpen } from '#gateway/circuit-breaker/errors.ts';

/** Made once for the life of the process, so that it remembers; all processes with the same name share it. */
const breaker = circuitBreaker({ name: 'prices/2.1.0', policy: { minimumCalls: 10, slowMs: 2_000 } });

/** A Lambda function of one's own that asks another service for a price, and does without while that is down. */
export async function handler({ product }: { product: string }) {
  try {
    return await breaker.execute(async () => {
      const response = await fetch(`${process.env.PRICES_URL}/prices/${encodeURIComponent(product)}`, {
        signal: AbortSignal.timeout(3_000),
      });
      // What the caller did wrong does not speak against the service: only this counts as a failure.
      if (response.status >= 500) throw new Error(`prices answered ${response.status}`);
      return { product, price: await response.json() };
    });
  } catch (error) {
    if (error instanceof CircuitOpen)
      return { product, price: null, comeBackInMs: error.evidence.retryAfterMs };
    throw error;
  }
}
