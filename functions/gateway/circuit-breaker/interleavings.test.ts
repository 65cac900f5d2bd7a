import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clock } from '#platform/clock.ts';
import { setRandom } from '#platform/random.ts';
import { type Admission, breakerOn, type CircuitBreaker } from './circuit-breaker.ts';
import { CircuitOpen } from './errors.ts';
import type { BreakerRecord } from './record.ts';
import { type MemoryStore, memoryStore } from './testing/memory-store.ts';
import { standingClock } from './testing/time.ts';

const name = 'orders/1.0.0';
const policy = {
  windowMs: 10_000,
  minimumCalls: 3,
  openMs: 1_000,
  longestOpenMs: 4_000,
  leaseMs: 2_000,
  probes: 2,
};
/** Longer than any open period, lease, or knowledge of a process. */
const longEnoughMs = 20_000;

let time: ReturnType<typeof standingClock>;
let restoreRandom: () => void;
beforeEach(() => {
  time = standingClock(1_800_000_000_000);
  restoreRandom = setRandom(() => 0.5);
});
afterEach(() => {
  time.restore();
  restoreRandom();
});

/** What a caller does: `hang` admits a call and reports after all others of its batch, `die` never does. */
const Call = fc.record({
  caller: fc.nat({ max: 3 }),
  comes: fc.constantFrom('success', 'failure', 'failure', 'ignored', 'hang', 'die'),
});
const Batch = fc.record({
  calls: fc.array(Call, { maxLength: 6 }),
  /** Time that passes while they are under way, and after them. */
  during: fc.array(fc.constantFrom(1, 300, 1_100, 2_500), { maxLength: 2 }),
  after: fc.constantFrom(0, 50, 500, 1_000, 3_000),
});

/** Four processes on one table, every access of which the scheduler puts into some order with all others. */
function world(store: MemoryStore) {
  const probing = new Set<Admission & { kind: 'probe' }>();
  const takenBy = new Map<string, number>();
  let recorded = 0;

  /** Only who holds a lease ends it before its time. */
  const replace = (caller: number) => async (next: BreakerRecord) => {
    const before = store.records.get(name);
    const done = await store.replace(next);
    if (!done || before?.version !== next.version - 1) return done;
    const { lease } = before.state === 'half_open' ? before : { lease: null };
    if (lease !== null && clock.now() < lease.until) expect(takenBy.get(lease.holder)).toBe(caller);
    return done;
  };
  const open = (caller: number): CircuitBreaker => {
    const own = {
      ...store,
      replace: (next: BreakerRecord) => {
        if (next.state === 'half_open' && next.lease !== null) takenBy.set(next.lease.holder, caller);
        return replace(caller)(next);
      },
    };
    return breakerOn(own, { name, policy, report: () => {} });
  };
  const callers = [0, 1, 2, 3].map(open);

  /** Admits a call and checks that nobody else probes. */
  async function admit(caller: number): Promise<Admission | undefined> {
    const admission = await callers[caller]?.admit().catch((error: unknown) => {
      if (error instanceof CircuitOpen) return undefined;
      throw error;
    });
    if (admission?.kind !== 'probe') return admission;
    expect(admission.lease.lease?.until).toBeGreaterThan(clock.now());
    const others = [...probing].filter(({ lease: { lease } }) => (lease?.until ?? 0) > clock.now());
    expect(others).toEqual([]);
    probing.add(admission);
    return admission;
  }
  async function report(
    caller: number,
    admission: Admission,
    result: 'success' | 'failure' | 'ignored',
  ): Promise<void> {
    if (admission.kind === 'probe') probing.delete(admission);
    else if (result !== 'ignored') recorded += 1;
    await callers[caller]?.record(admission, { result, ms: 1 });
  }
  return { callers, admit, report, recorded: () => recorded };
}

it('whatever the order: never two probes, never stuck, no outcome lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(Batch, { maxLength: 12 }), async (scheduler, batches) => {
      const store = memoryStore();
      store.between = () => scheduler.schedule(Promise.resolve());
      const { callers, admit, report, recorded } = world(store);
      for (const { calls, during, after } of batches) {
        const late: (() => Promise<void>)[] = [];
        const work = calls.map(async ({ caller, comes }) => {
          const admission = await admit(caller);
          if (admission === undefined || comes === 'die') return;
          if (comes === 'hang') late.push(() => report(caller, admission, 'success'));
          else await report(caller, admission, comes);
        });
        const passing = during.map((ms) =>
          scheduler.schedule(Promise.resolve()).then(() => time.advance(ms)),
        );
        await scheduler.waitFor(Promise.all([...work, ...passing]));
        await scheduler.waitFor(Promise.all(late.map((one) => one())));
        time.advance(after);
      }
      await scheduler.waitFor(Promise.all(callers.map((one) => one.flush())));
      expect(store.counted.reduce((sum, { calls }) => sum + calls, 0)).toBe(recorded());

      time.advance(longEnoughMs);
      store.between = async () => {};
      for (let probe = 0; probe < policy.probes; probe += 1) {
        const admission = await admit(probe);
        expect(admission).toBeDefined();
        if (admission !== undefined) await report(probe, admission, 'success');
      }
      expect(store.records.get(name)?.state).toBe('closed');
    }),
    { numRuns: 120 },
  );
});
