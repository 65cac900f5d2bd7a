import { afterEach, beforeEach, expect, it } from 'vitest';
import { BreakerPolicy } from './policy.ts';
import { sharedState } from './shared-state.ts';
import { memoryStore } from './testing/memory-store.ts';
import { standingClock } from './testing/time.ts';
import { isolated } from './transitions.ts';

let time: ReturnType<typeof standingClock>;
beforeEach(() => {
  time = standingClock(1_800_000_000_000);
});
afterEach(() => time.restore());

function stateOn(store: ReturnType<typeof memoryStore>) {
  const told: string[] = [];
  const state = sharedState({
    name: 'orders/1.0.0',
    policy: BreakerPolicy.parse({}),
    store,
    afterRead: async () => {},
    unreachable: () => told.push('unreachable'),
  });
  return { state, told };
}

it('keeps a change that was made while an older read was under way', async () => {
  const store = memoryStore();
  const { state } = stateOn(store);
  const closed = await state.known();
  time.advance(200);
  let steps = 0;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  // Read before the change, and answered after it.
  store.between = () => (++steps === 2 ? released : Promise.resolve());
  const reading = state.confirmed();
  await Promise.resolve();
  const next = isolated(closed, 1, 'olga', 'moving');
  expect(await state.change(next)).toBe(true);
  release();
  await reading;
  expect(state.current()).toEqual(next);
});

it('holds on to what it knew while the table does not answer, and takes an unknown breaker for closed', async () => {
  const store = memoryStore();
  const other = stateOn(store);
  const { state, told } = stateOn(store);
  const record = isolated(await state.known(), 1, 'olga', 'moving');
  await state.change(record);
  store.between = () => Promise.reject(new Error('unreachable'));
  time.advance(60_000);
  expect(await state.known()).toEqual(record);
  expect(told).toEqual(['unreachable']);
  expect(await other.state.known()).toMatchObject({ state: 'closed' });
  store.between = async () => {};
  time.advance(4_000);
  expect(await other.state.known()).toEqual(record);
});

it('trusts nothing that is of the future', async () => {
  const store = memoryStore();
  const { state } = stateOn(store);
  await state.known();
  const before = store.calls.read;
  time.advance(-60_000);
  await state.known();
  expect(store.calls.read).toBe(before + 1);
});
