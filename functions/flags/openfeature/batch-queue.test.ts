import { afterEach, beforeEach, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '#local/clock.ts';
import { setClock } from '#platform/clock.ts';
import { setRandom } from '#platform/random.ts';
import { type Batch, type BatchQueueOptions, batchQueue } from './batch-queue.ts';

let time: VirtualClock;
let restore: (() => void)[] = [];
beforeEach(() => {
  time = virtualClock(1_800_000_000_000);
  const iso = () => new Date(time.now()).toISOString();
  restore = [setClock({ now: time.now, iso, monotonic: time.now, sleep: time.sleep }), setRandom(() => 0)];
});
afterEach(() => {
  for (const one of restore) one();
});

function queued(options: Partial<BatchQueueOptions<number>> = {}) {
  const state = { down: false, batches: [] as Batch<number>[] };
  const queue = batchQueue<number>({
    prefix: 'test',
    send: async (batch) => {
      state.batches.push(structuredClone(batch));
      if (state.down) throw new Error('down');
    },
    ...options,
  });
  return { state, queue };
}

it('sends together what came within a second, and what is many at once', async () => {
  const { state, queue } = queued({ largestBatch: 3 });
  queue.add(1);
  queue.add(2);
  await time.advance(999);
  expect(state.batches).toEqual([]);
  await time.advance(1);
  expect(state.batches.map(({ events }) => events)).toEqual([[1, 2]]);
  for (const event of [3, 4, 5, 6]) queue.add(event);
  await time.advance(0);
  expect(state.batches.flatMap(({ events }) => events)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(time.pending).toBe(0);
});

it('sends again under the same id what may not have arrived', async () => {
  const { state, queue } = queued();
  state.down = true;
  queue.add(1);
  await time.advance(1_000);
  queue.add(2);
  state.down = false;
  await time.advance(60_000);
  const [first, again, next] = state.batches;
  expect(again).toEqual(first);
  expect(next?.events).toEqual([2]);
  expect(next?.id).not.toBe(first?.id);
});

it('gives up a batch that is not answered in time', async () => {
  const { state, queue } = queued({
    timeoutMs: 5_000,
    send: (batch, signal) => {
      state.batches.push(batch);
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  });
  queue.add(1);
  await time.advance(60_000);
  expect(state.batches.length).toBeGreaterThan(1);
});

it('drops and counts what is too much, and throws nothing', async () => {
  const { state, queue } = queued({ mostWaiting: 2 });
  state.down = true;
  for (const event of [1, 2, 3, 4]) queue.add(event);
  expect(queue.dropped()).toBe(2);
  state.down = false;
  await queue.close();
  expect(state.batches.at(-1)?.events).toEqual([1, 2]);
  queue.add(5);
  expect(queue.dropped()).toBe(3);
  expect(time.pending).toBe(0);
});

it('gives up a sender that never comes back, whatever it makes of its signal, and can be closed', async () => {
  const { state, queue } = queued({
    timeoutMs: 5_000,
    send: (batch) => {
      state.batches.push(batch);
      return new Promise(() => {});
    },
  });
  queue.add(1);
  await time.advance(1_000);
  const closed = queue.close();
  await time.advance(5_000);
  await closed;
  expect(state.batches).toHaveLength(1);
  expect(time.pending).toBe(0);
});
