import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setClock, systemClock } from '#platform/clock.ts';
import type { Candidate } from './candidate.ts';
import { type DiscoveryOptions, discoveryClient, type Question } from './client.ts';

let now = 1_000_000;
let restore = () => {};
beforeEach(() => {
  restore = setClock({ ...systemClock, now: () => now, monotonic: () => now });
});
afterEach(() => restore());

const candidate = (id: string, leaseMs: number | null = null): Candidate => ({
  id,
  version: '1.0.0',
  url: `http://${id}`,
  zone: null,
  weight: 100,
  load: null,
  inFlight: null,
  leaseUntil: leaseMs === null ? null : new Date(now + leaseMs).toISOString(),
});
const orders: Question = { service: 'orders', range: '^1.0.0' };

/** A registry that counts what it is asked, and answers what it is told to. */
function registry(options: Partial<DiscoveryOptions<Candidate>> = {}) {
  const state = { asked: 0, answer: async (): Promise<Candidate[]> => [candidate('a')] };
  const client = discoveryClient<Candidate>({
    fetchCandidates: () => {
      state.asked += 1;
      return state.answer();
    },
    ttlMs: 10_000,
    staleMs: 60_000,
    random: () => 0.5,
    ...options,
  });
  const ids = async (question = orders) => (await client.candidates(question)).map(({ id }) => id);
  return { state, client, ids };
}

describe('discovery in the caller', () => {
  it('asks once for many, and again when the answer is old', async () => {
    const { state, ids } = registry();
    await Promise.all(Array.from({ length: 50 }, () => ids()));
    expect(state.asked).toBe(1);
    now += 9_999;
    await ids();
    expect(state.asked).toBe(1);
    now += 1;
    await Promise.all([ids(), ids()]);
    expect(state.asked).toBe(2);
    await ids({ ...orders, labels: { tier: 'gold' } });
    expect(state.asked).toBe(3);
  });

  it('asks a tenth sooner or later, so that callers do not all ask at once', async () => {
    const { state, ids } = registry({ random: () => 0 });
    await ids();
    now += 9_000;
    await ids();
    expect(state.asked).toBe(2);
  });

  it('goes on with the last answer while the registry is away, and says so when that is too old', async () => {
    const { state, ids } = registry();
    await ids();
    state.answer = async () => {
      throw new Error('away');
    };
    now += 10_000;
    expect(await ids()).toEqual(['a']);
    // It does not ask at every call.
    expect(await ids()).toEqual(['a']);
    expect(state.asked).toBe(2);
    now += 5_000;
    await ids();
    expect(state.asked).toBe(3);
    now += 60_000;
    await expect(ids()).rejects.toThrow('away');
    state.answer = async () => [candidate('b')];
    expect(await ids()).toEqual(['b']);
  });

  it('leaves out whose lease ran out since, unless nobody else is known', async () => {
    const { state, ids } = registry();
    state.answer = async () => [candidate('short', 2_000), candidate('long', 9_000)];
    expect(await ids()).toEqual(['short', 'long']);
    now += 3_000;
    expect(await ids()).toEqual(['long']);
    now += 6_500;
    expect(await ids()).toEqual(['short', 'long']);
  });

  it('picks one', async () => {
    const { client, state } = registry();
    expect(await client.pick(orders)).toMatchObject({ url: 'http://a' });
    state.answer = async () => [];
    expect(await client.pick({ service: 'nobody' })).toBeUndefined();
  });

  it('forgets questions that were asked long ago', async () => {
    const { state, ids } = registry();
    for (let at = 0; at <= 500; at += 1) await ids({ service: `s${at}` });
    await ids({ service: 's500' });
    expect(state.asked).toBe(501);
    await ids({ service: 's0' });
    expect(state.asked).toBe(502);
  });
});
