import { afterAll, expect, it } from 'vitest';
import { setClock, systemClock } from '#platform/clock.ts';
import { trafficRecorder } from './recorder.ts';
import type { CountedWindow } from './store.ts';

let now = 1_000_000;
afterAll(setClock({ ...systemClock, now: () => now, monotonic: () => now }));

const outcome = (failed = false) => ({ service: 'shop', version: '1.0.0', failed, latencyMs: 1 });

it('writes at most once a second, and at once what comes after a pause without requests', async () => {
  const written: CountedWindow[] = [];
  const traffic = trafficRecorder(async (_shard, window) => void written.push(window));
  await traffic.flush();
  traffic.record(outcome());
  expect(traffic.due()).toBe(true);
  await traffic.flush();
  traffic.record(outcome(true));
  expect(traffic.due()).toBe(false);
  now += 1_000;
  expect(traffic.due()).toBe(true);
  await traffic.flush();
  expect(written.map(({ requests, errors }) => [requests, errors])).toEqual([
    [1, 0],
    [1, 1],
  ]);
});

it('keeps what could not be written and adds to it; a response that broke off is an error, once', async () => {
  const written: CountedWindow[] = [];
  let fails = true;
  const traffic = trafficRecorder(async (_shard, window) => {
    if (fails) throw new Error('no table');
    written.push(window);
  });
  const brokeOff = traffic.record(outcome());
  await traffic.flush();
  fails = false;
  brokeOff();
  traffic.record(outcome(true))();
  await traffic.flush();
  expect(written).toMatchObject([{ requests: 2, errors: 2, latency: { 0: 2 } }]);
});

it('tells windows of 10 s apart', async () => {
  const written: CountedWindow[] = [];
  const traffic = trafficRecorder(async (_shard, window) => void written.push(window));
  now = 1_009_999;
  traffic.record(outcome());
  now = 1_010_000;
  traffic.record(outcome());
  await traffic.flush();
  expect(written.map(({ start }) => start)).toEqual([1_000_000, 1_010_000]);
});
