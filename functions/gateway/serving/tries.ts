import { clock } from '#platform/clock.ts';
import { random } from '#platform/random.ts';
import type { Retry } from '../schemas.ts';
import type { TrafficRecorder } from '../traffic/recorder.ts';
import type { Attempt, Send } from './attempt.ts';
import type { HttpUpstreams } from './http-upstream.ts';
import { sendToLambda } from './lambda-upstream.ts';
import type { ReadyTarget } from './ready-route.ts';

/** Requests that change nothing. */
export const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Those and the ones that change the same however often they come. */
const idempotentMethods: ReadonlySet<string> = new Set([...safeMethods, 'PUT', 'DELETE']);

const longestPauseMs = 50;

/** A try, and how to say that its response broke off. */
export type Tried = Attempt & { brokeOff: () => void };

export interface Tries {
  /** One try, counted for its version. `which` chooses among the instances. */
  once(service: string, to: ReadyTarget, send: Send, which: number): Promise<Tried>;
  /** As often as the route allows, each time at another instance; the time is that of all tries together. */
  repeatedly(service: string, to: ReadyTarget, send: Send, retry: Retry | null): Promise<Tried>;
}

/** The cause for which a route may allow another try. */
const causeOf = (attempt: Attempt): unknown => (attempt.kind === 'failed' ? attempt.cause : attempt.status);

/** Whether the version failed: the judge counts this, and so does the breaker. */
export const isFailure = (attempt: Attempt): boolean =>
  attempt.kind === 'failed' ? attempt.atFault : attempt.status >= 500;

export function triesOf(upstreams: HttpUpstreams, traffic: TrafficRecorder): Tries {
  function sent(to: ReadyTarget, send: Send, which: number): Promise<Attempt> {
    if (to.target.kind === 'lambda') return sendToLambda(to.target, send);
    const instance = to.instances[which % to.instances.length];
    if (instance === undefined) throw new RangeError(`The version ${to.version} has no instance`);
    return upstreams.send(instance, send);
  }

  async function once(service: string, to: ReadyTarget, send: Send, which: number): Promise<Tried> {
    const started = clock.monotonic();
    const attempt = await sent(to, send, which);
    const latencyMs = clock.monotonic() - started;
    const failed = isFailure(attempt);
    const brokeOff = traffic.record({ service, version: to.version, failed, latencyMs });
    return { ...attempt, brokeOff };
  }

  return {
    once,
    async repeatedly(service, to, send, retry) {
      const repeatable = idempotentMethods.has(send.method) || 'idempotency-key' in send.headers;
      const most = retry !== null && repeatable ? retry.attempts : 1;
      const ends = clock.monotonic() + send.timeoutMs;
      const first = Math.floor(random() * 1_000_000);
      for (let tries = 0; ; tries += 1) {
        const timeoutMs = Math.max(1, Math.ceil(ends - clock.monotonic()));
        const attempt = await once(service, to, { ...send, timeoutMs }, first + tries);
        const cause = causeOf(attempt);
        const again = tries + 1 < most && retry?.on.some((one) => one === cause);
        if (!again || send.gone.aborted || ends - clock.monotonic() < longestPauseMs) return attempt;
        if (attempt.kind === 'answered' && !Buffer.isBuffer(attempt.body)) attempt.body.destroy();
        await clock.sleep(random() * longestPauseMs);
      }
    },
  };
}
