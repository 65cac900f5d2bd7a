import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clock } from '#platform/clock.ts';
import { setRandom } from '#platform/random.ts';
import { type BreakerOptions, breakerOn, type CircuitBreaker } from './circuit-breaker.ts';
import { CircuitOpen } from './errors.ts';
import type { BreakerPolicy } from './policy.ts';
import type { BreakerMetric } from './telemetry.ts';
import { type MemoryStore, memoryStore } from './testing/memory-store.ts';
import { standingClock } from './testing/time.ts';

const name = 'orders/1.4.0';
const policy = { minimumCalls: 10, openMs: 5_000, longestOpenMs: 20_000, leaseMs: 10_000 } as const;

let time: ReturnType<typeof standingClock>;
let restoreRandom: () => void;
let store: MemoryStore;
let told: Partial<Record<BreakerMetric, number>>;

beforeEach(() => {
  time = standingClock(1_800_000_000_000);
  restoreRandom = setRandom(() => 0);
  store = memoryStore();
  told = {};
});
afterEach(() => {
  time.restore();
  restoreRandom();
});

/** A process of its own: nothing is shared but the store. */
const caller = (more: Partial<BreakerOptions> & { policy?: Partial<BreakerPolicy> } = {}): CircuitBreaker =>
  breakerOn(store, {
    name,
    report: (metric, count) => {
      told[metric] = (told[metric] ?? 0) + count;
    },
    ...more,
    policy: { ...policy, ...more.policy },
  });
const failing = () => Promise.reject(new Error('refused'));
const fine = () => Promise.resolve('fine');
const fail = (breaker: CircuitBreaker) => breaker.execute(failing).catch((error: Error) => error);
const state = () => store.records.get(name)?.state;
const failUntilOpen = async (breaker: CircuitBreaker) => {
  for (let at = 0; at < 100 && state() !== 'open'; at += 1) {
    await fail(breaker);
    time.advance(250);
  }
  expect(state()).toBe('open');
};

describe('closed', () => {
  it('costs no read while what was read is fresh, and one write a second', async () => {
    const breaker = caller();
    await breaker.execute(fine);
    const before = { ...store.calls };
    for (let call = 0; call < 1_000; call += 1) {
      await breaker.execute(fine);
      time.advance(1);
    }
    expect(store.calls.read - before.read).toBe(0);
    expect(store.calls.sum).toBe(0);
    // A second's 1,000 calls, at most 200 in one write.
    expect(store.calls.count - before.count).toBeLessThanOrEqual(5);
    for (let second = 0; second < 100; second += 1) {
      await breaker.execute(fine);
      time.advance(1_000);
    }
    expect(store.calls.read - before.read).toBeLessThanOrEqual(60);
  });

  it('lets a call go on while what is known is read again, and ends with it', async () => {
    const breaker = caller();
    await breaker.execute(fine);
    time.advance(3_000);
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    store.between = () => released;
    const admission = await breaker.admit();
    let ended = false;
    const recorded = breaker.record(admission, { result: 'success', ms: 1 }).then(() => (ended = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    release();
    await recorded;
  });

  it('opens on a rate of failures of all callers together, once', async () => {
    const callers = Array.from({ length: 12 }, () => caller());
    for (const one of callers.slice(0, 9)) await fail(one);
    time.advance(250);
    expect(state()).toBe('closed');
    await Promise.all(callers.slice(9).map(fail));
    expect(store.records.get(name)).toMatchObject({ state: 'open', version: 2, openings: 1 });
    expect(told.CircuitOpened).toBe(1);
  });

  it('does not open below the rate, however many fail', async () => {
    const breaker = caller();
    for (let call = 0; call < 200; call += 1) {
      await (call % 5 < 2 ? fail(breaker) : breaker.execute(fine));
      time.advance(100);
    }
    expect(state()).toBe('closed');
    // Less than half of its own calls fail, so it need not ask what others saw, but for the first few.
    expect(store.calls.sum).toBeLessThan(5);
  });

  it('forgets what is older than the window', async () => {
    const breaker = caller();
    for (let call = 0; call < 9; call += 1) await fail(breaker);
    await breaker.flush();
    time.advance(40_000);
    await fail(breaker);
    await breaker.flush();
    expect(state()).toBe('closed');
  });

  it('opens on slow calls where the policy has a limit', async () => {
    const breaker = caller({ policy: { slowMs: 1_000, slowRate: 0.8 } });
    for (let call = 0; call < 10; call += 1) {
      await breaker.execute(async () => time.advance(call < 2 ? 10 : 1_500));
    }
    expect(store.records.get(name)).toMatchObject({
      state: 'open',
      why: { what: 'slow', calls: 10, slow: 8 },
    });
  });
});

it('goes on where what takes its metrics fails', async () => {
  const breaker = caller({
    report: () => {
      throw new Error('no metrics today');
    },
  });
  await failUntilOpen(breaker);
  await expect(breaker.execute(fine)).rejects.toThrow(CircuitOpen);
  time.advance(5_000);
  await expect(breaker.execute(fine)).resolves.toBe('fine');
});

describe('open', () => {
  it('refuses other processes too, and says when to come back', async () => {
    const other = caller();
    await other.execute(fine);
    await failUntilOpen(caller());
    time.advance(2_500);
    await other.execute(fine).catch(() => {});
    const refused = await other.execute(fine).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CircuitOpen);
    expect(refused).toMatchObject({
      status: 503,
      retryable: true,
      isBrokenCircuitError: true,
      evidence: { breaker: name, state: 'open', retryAfterMs: expect.any(Number) },
    });
  });

  it('lets one probe, which closes it, and starts to count anew', async () => {
    const first = caller();
    await failUntilOpen(first);
    time.advance(5_000);
    const others = Array.from({ length: 9 }, () => caller());
    const admitted = await Promise.allSettled([first, ...others].map((one) => one.admit()));
    const [probe, ...more] = admitted.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(more).toEqual([]);
    expect(probe?.kind).toBe('probe');
    if (probe === undefined) return;
    const holder = [first, ...others][admitted.findIndex((one) => one.status === 'fulfilled')];
    await holder?.record(probe, { result: 'success', ms: 5 });
    expect(store.records.get(name)).toMatchObject({ state: 'closed', generation: 2 });
    await fail(first);
    await first.flush();
    expect(state()).toBe('closed');
  });

  it('stays open for longer each time a probe fails, up to the longest', async () => {
    const breaker = caller();
    await failUntilOpen(breaker);
    const periods: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const record = store.records.get(name);
      if (record?.state !== 'open') throw new Error(`It is ${record?.state}`);
      periods.push(record.retryAt - record.since);
      time.advance(record.retryAt - clock.now());
      await fail(breaker);
    }
    expect(periods).toEqual([5_000, 10_000, 20_000, 20_000]);
  });

  it('wants as many probes in a row as the policy says', async () => {
    const breaker = caller({ policy: { probes: 3 } });
    await failUntilOpen(breaker);
    time.advance(5_000);
    await breaker.execute(fine);
    expect(store.records.get(name)).toMatchObject({ state: 'half_open', successes: 1, lease: null });
    await breaker.execute(fine);
    await breaker.execute(fine);
    expect(state()).toBe('closed');
  });

  it('gives a probe that says nothing back to the next caller, and takes a slow one for a failure', async () => {
    const breaker = caller({ policy: { slowMs: 1_000 } });
    await failUntilOpen(breaker);
    time.advance(5_000);
    await breaker.record(await breaker.admit(), { result: 'ignored', ms: 1 });
    expect(store.records.get(name)).toMatchObject({ state: 'half_open', lease: null });
    await breaker.record(await breaker.admit(), { result: 'success', ms: 1_000 });
    expect(store.records.get(name)).toMatchObject({ state: 'open', openings: 2, why: { what: 'probe' } });
  });

  it('ends the lease of a caller that died, which has no say when it comes back', async () => {
    const [dead, next] = [caller(), caller()];
    await failUntilOpen(dead);
    time.advance(5_000);
    const late = await dead.admit();
    time.advance(9_999);
    await expect(next.admit()).rejects.toThrow(CircuitOpen);
    time.advance(1);
    const probe = await next.admit();
    expect(probe.kind).toBe('probe');
    const before = structuredClone(store.records.get(name));
    await dead.record(late, { result: 'failure', ms: 1 });
    expect(store.records.get(name)).toEqual(before);
    await next.record(probe, { result: 'success', ms: 1 });
    expect(state()).toBe('closed');
    await dead.record(late, { result: 'failure', ms: 1 });
    expect(state()).toBe('closed');
  });
});
