import { clock } from '#platform/clock.ts';
import { newId } from '#platform/ids.ts';
import { random } from '#platform/random.ts';
import { table as gatewayTable } from '../store.ts';
import { type BreakerStore, breakerStore } from './breaker-store.ts';
import { outcomeCounter } from './counting.ts';
import { CircuitOpen } from './errors.ts';
import { BreakerName, BreakerPolicy } from './policy.ts';
import type { BreakerRecord, HalfOpenRecord } from './record.ts';
import { sharedState } from './shared-state.ts';
import { ownWindow, reasonToOpen, windowStart } from './tally.ts';
import { type BreakerMetric, type BreakerReport, cloudWatchReport } from './telemetry.ts';
import {
  leaseReturned,
  leaseTaken,
  opened,
  probeFailed,
  probeSucceeded,
  soonMs,
  verdictOf,
} from './transitions.ts';

/** A call that may be made, to be given back to `record` with what came of it. */
export type Admission = { kind: 'call'; generation: number } | { kind: 'probe'; lease: HalfOpenRecord };

export interface Outcome {
  /** `ignored`: it says nothing of the service, for example because the caller went away. */
  result: 'success' | 'failure' | 'ignored';
  /** How long the call took. */
  ms: number;
}

export interface CircuitBreaker {
  /** Throws CircuitOpen when the call may not be made. Costs no read while the breaker is closed. */
  admit(): Promise<Admission>;
  /**
   * Takes what came of an admitted call. To be awaited before the response ends: a frozen process shares nothing. It ends
   * at once except about once a second, and after failures. Never rejects.
   */
  record(admission: Admission, outcome: Outcome): Promise<void>;
  /** Shares all outcomes that are still held, before a process ends. Never rejects. */
  flush(): Promise<void>;
  /** Makes a call through the breaker: throws CircuitOpen, or what `call` throws, which counts as a failure. */
  execute<T>(call: () => Promise<T>): Promise<T>;
}

export interface BreakerOptions {
  /** `<service>/<version>`: callers that give the same share one breaker. */
  name: string;
  policy?: Partial<BreakerPolicy>;
  /** Whether an error of `execute` speaks against the service; all do unless told otherwise. */
  isFailure?: (error: unknown) => boolean;
  /** The gateway's table; GATEWAY_TABLE unless told otherwise. */
  table?: string;
  /** How long an answer of the table may take, ms. */
  waitMs?: number;
  /** CloudWatch's metrics unless told otherwise. */
  report?: BreakerReport;
}

/** A circuit breaker whose state all processes with the same name and table share. Throws ZodError for a bad name or policy. */
export function circuitBreaker({ table, waitMs = 500, ...options }: BreakerOptions): CircuitBreaker {
  const store = breakerStore(() => table ?? gatewayTable(), waitMs);
  return breakerOn(store, options);
}

/** The same on any store. */
export function breakerOn(
  store: BreakerStore,
  options: Omit<BreakerOptions, 'table' | 'waitMs'>,
): CircuitBreaker {
  const name = BreakerName.parse(options.name);
  const policy = BreakerPolicy.parse(options.policy ?? {});
  const { report = cloudWatchReport(name), isFailure = () => true } = options;
  const own = ownWindow(policy);
  let ownGeneration = 0;
  let taking: Promise<Admission | undefined> | undefined;
  const occurred = new Map<BreakerMetric, number>();

  const note = (metric: BreakerMetric) => occurred.set(metric, (occurred.get(metric) ?? 0) + 1);
  const tell = () => {
    const all = [...occurred];
    occurred.clear();
    try {
      for (const [metric, count] of all) report(metric, count);
    } catch {
      // What cannot be told must not keep calls from being made.
    }
  };

  const unreachable = () => note('CircuitTableUnreachable');
  const state = sharedState({
    name,
    policy,
    store,
    unreachable,
    async afterRead() {
      await judge();
      tell();
    },
  });
  const counter = outcomeCounter(policy, (counted) => store.count(name, counted));

  async function change(next: BreakerRecord): Promise<boolean> {
    const done = await state.change(next);
    if (done && next.state === 'open') note('CircuitOpened');
    if (done && next.state === 'closed') note('CircuitClosed');
    return done;
  }

  /** Opens it when all processes together reached a rate. Many find so at once, and one of them opens it. */
  async function judge(): Promise<void> {
    const record = state.current();
    const now = clock.now();
    if (record.state !== 'closed' || record.generation !== ownGeneration || !own.suspects(now)) return;
    try {
      const all = await store.sum(name, record.generation, windowStart(policy, now));
      const what = reasonToOpen(all, policy);
      if (what !== undefined) await change(opened(record, policy, clock.now(), random(), { what, ...all }));
    } catch {
      unreachable();
    }
  }

  async function share(): Promise<void> {
    await counter.flush();
    await judge();
    tell();
  }

  function refusal({ state: found, ...record }: BreakerRecord, retryAfterMs: number | null): CircuitOpen {
    note('CircuitRefused');
    const held = found === 'isolated' && 'reason' in record ? record.reason : undefined;
    return new CircuitOpen(
      held === undefined
        ? `The circuit breaker of ${name} is ${found === 'open' ? 'open' : 'waiting for a probe'}`
        : `The circuit breaker of ${name} is held open: ${held}`,
      {
        evidence: { breaker: name, state: found, retryAfterMs },
        ...(held === undefined
          ? {}
          : { action: `When the reason is gone: \`theseus gateway reset ${name} --reason <why>\`.` }),
      },
    );
  }

  const hasEnded = ({ lease }: HalfOpenRecord) => lease === null || clock.now() >= lease.until;

  async function takeLease(): Promise<Admission | undefined> {
    const verdict = verdictOf(await state.confirmed(), clock.now());
    if (verdict.kind !== 'probe') return undefined;
    const lease = leaseTaken(verdict.from, policy, clock.now(), newId('probe'));
    // The lease may have ended while the table was slow, and be another's by now.
    if (!(await change(lease)) || hasEnded(lease)) return undefined;
    note('CircuitProbes');
    return { kind: 'probe', lease };
  }

  /** By what is known now, without trying for the lease. */
  function judged(): Admission {
    const record = state.current();
    const verdict = verdictOf(record, clock.now());
    if (verdict.kind === 'call') return { kind: 'call', generation: record.generation };
    throw refusal(record, verdict.kind === 'refuse' ? verdict.retryAfterMs : soonMs);
  }

  async function admit(): Promise<Admission> {
    const record = await state.known();
    if (verdictOf(record, clock.now()).kind !== 'probe') return judged();
    if (taking !== undefined) {
      await taking;
      return judged();
    }
    taking = takeLease().finally(() => {
      taking = undefined;
    });
    return (await taking) ?? judged();
  }

  /** What the one that probed found out. After the end of its lease somebody else may probe, and it has no say. */
  async function endProbe(held: HalfOpenRecord, result: Outcome['result']): Promise<void> {
    const now = clock.now();
    if (hasEnded(held)) return;
    if (result === 'success') await change(probeSucceeded(held, policy, now));
    else if (result === 'failure') await change(probeFailed(held, policy, now, random()));
    else await change(leaseReturned(held, policy));
    tell();
  }

  function count(generation: number, failed: boolean, slow: boolean): void {
    const tally = { calls: 1, failures: failed ? 1 : 0, slow: slow ? 1 : 0 };
    counter.add(generation, tally);
    if (generation !== state.current().generation) return;
    if (generation !== ownGeneration) own.clear();
    ownGeneration = generation;
    own.add(tally, clock.now());
  }

  async function record(admission: Admission, { result, ms }: Outcome): Promise<void> {
    const slow = policy.slowMs !== null && ms >= policy.slowMs;
    if (admission.kind === 'probe') {
      await endProbe(admission.lease, slow && result === 'success' ? 'failure' : result);
    } else if (result !== 'ignored') {
      count(admission.generation, result === 'failure', slow);
      if (counter.due()) void state.keep(share());
    }
    await state.settled();
  }

  return {
    admit,
    record,
    async flush() {
      await state.keep(share());
      await state.settled();
    },
    async execute(call) {
      const admission = await admit();
      const started = clock.monotonic();
      const end = (result: Outcome['result']) =>
        record(admission, { result, ms: clock.monotonic() - started });
      try {
        const answer = await call();
        await end('success');
        return answer;
      } catch (error) {
        await end(isFailure(error) ? 'failure' : 'success');
        throw error;
      }
    },
  };
}
