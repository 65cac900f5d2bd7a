import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate } from './candidate.ts';
import { type Choice, choose, inOrder, loadOf } from './choose.ts';

const candidate = (id: string, more: Partial<Candidate> = {}): Candidate => ({
  id,
  version: '1.0.0',
  url: `http://${id}`,
  zone: null,
  weight: 100,
  load: null,
  inFlight: null,
  leaseUntil: null,
  ...more,
});

/** Numbers spread evenly over [0, 1), always the same. */
function dice(): () => number {
  let seed = 42;
  return () => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return seed / 4_294_967_296;
  };
}

/** How often each was chosen in 20,000 tries, in hundredths, to the nearest 5. */
function shares(candidates: Candidate[], how: Choice): Record<string, number> {
  const random = dice();
  const counted: Record<string, number> = {};
  for (let at = 0; at < 20_000; at += 1) {
    const id = choose(candidates, how, random)?.id ?? 'none';
    counted[id] = (counted[id] ?? 0) + 1 / 200;
  }
  return Object.fromEntries(Object.entries(counted).map(([id, share]) => [id, Math.round(share / 5) * 5]));
}

const anyZone = fc.constantFrom('a', 'b', 'c', null);
const some = fc
  .array(
    fc.record({
      zone: anyZone,
      weight: fc.integer({ min: 0, max: 1_000 }),
      load: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      inFlight: fc.option(fc.nat(1_000)),
    }),
    { maxLength: 12 },
  )
  .map((list) => list.map((more, at) => candidate(`i${at}`, more)));
const anyHow: fc.Arbitrary<Choice> = fc.oneof(
  fc.constant({ choice: 'weighted' as const }),
  fc.constant({ choice: 'least_loaded' as const }),
  fc.constantFrom('a', 'b', 'z').map((zone) => ({ choice: 'zone_aware' as const, zone })),
);
const anyDice = fc
  .array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 5 })
  .map((numbers) => {
    let at = 0;
    return () => numbers[at++ % numbers.length] ?? 0;
  });

describe('a choice', () => {
  it('is one of those with weight, and there is one whenever somebody has any', () => {
    fc.assert(
      fc.property(some, anyHow, anyDice, (candidates, how, random) => {
        const chosen = choose(candidates, how, random);
        const able = candidates.filter(({ weight }) => weight > 0);
        return able.length === 0 ? chosen === undefined : chosen !== undefined && able.includes(chosen);
      }),
    );
  });

  it('in order names everybody with weight once', () => {
    fc.assert(
      fc.property(some, anyHow, anyDice, (candidates, how, random) => {
        const ids = inOrder(candidates, how, random, 100).map(({ id }) => id);
        const able = candidates.filter(({ weight }) => weight > 0).map(({ id }) => id);
        expect(ids.toSorted()).toEqual(able.toSorted());
      }),
    );
    expect(inOrder([candidate('a'), candidate('b')], { choice: 'weighted' }, dice(), 1)).toHaveLength(1);
  });

  it('by weight is in proportion to it', () => {
    const three = [
      candidate('a', { weight: 700 }),
      candidate('b', { weight: 300 }),
      candidate('c', { weight: 0 }),
    ];
    expect(shares(three, { choice: 'weighted' })).toEqual({ a: 70, b: 30 });
  });

  it('by load prefers who has less to do, and gives the busiest nothing of what is compared', () => {
    const three = [
      candidate('idle', { load: 0.1 }),
      candidate('busy', { load: 0.5 }),
      candidate('full', { load: 0.95 }),
    ];
    expect(shares(three, { choice: 'least_loaded' })).toEqual({ idle: 65, busy: 35 });
    expect(shares(three.slice(2), { choice: 'least_loaded' })).toEqual({ full: 100 });
  });

  it('by zone stays at home while home has its share, and spills over in proportion', () => {
    const home: Choice = { choice: 'zone_aware', zone: 'a' };
    const even = [
      candidate('a', { zone: 'a' }),
      candidate('b', { zone: 'b' }),
      candidate('c', { zone: 'c' }),
    ];
    expect(shares(even, home)).toEqual({ a: 100 });
    // Half of its share: half of the callers stay.
    const small = [candidate('a', { zone: 'a', weight: 50 }), candidate('b', { zone: 'b', weight: 150 })];
    expect(shares(small, home)).toEqual({ a: 50, b: 50 });
    expect(shares([candidate('b', { zone: 'b' })], home)).toEqual({ b: 100 });
    expect(shares([candidate('a', { zone: 'a' })], home)).toEqual({ a: 100 });
  });
});

describe('load', () => {
  it('is what the instance says, grows with what is in flight, and is half where nothing is said', () => {
    expect(loadOf(candidate('a', { load: 0.3, inFlight: 1_000 }))).toBe(0.3);
    expect(loadOf(candidate('a'))).toBe(0.5);
    expect(loadOf(candidate('a', { inFlight: 10 }))).toBe(0.5);
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 0, max: 1_000 }), (inFlight, weight) => {
        const one = candidate('a', { inFlight, weight });
        const more = candidate('a', { inFlight: inFlight + 1, weight });
        return loadOf(one) >= 0 && loadOf(one) < loadOf(more) && loadOf(more) < 1;
      }),
    );
  });
});
