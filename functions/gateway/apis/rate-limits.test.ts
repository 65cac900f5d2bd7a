import { afterAll, expect, it } from 'vitest';
import { setClock, systemClock } from '#platform/clock.ts';
import { TooManyRequests } from '#platform/errors.ts';
import { rateLimits } from './rate-limits.ts';

let now = 60_000_000;
afterAll(setClock({ ...systemClock, now: () => now, monotonic: () => now }));

const request = (consumer: string, more: object = {}) => ({
  ...{ api: 'orders', version: '1.0.0', endpoint: 'GET /' },
  consumer,
  ...more,
});
function admitted(
  limits: ReturnType<typeof rateLimits>,
  of: Parameters<typeof limits.admit>[0],
  as: ReturnType<typeof request>,
  tries: number,
) {
  let count = 0;
  for (let at = 0; at < tries; at += 1) {
    try {
      limits.admit(of, as);
      count += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(TooManyRequests);
    }
  }
  return count;
}

it('hold each consumer apart, by the minute; its own takes the place of that of all', async () => {
  now = 60_030_000;
  const limits = rateLimits(async () => 0);
  const of = [
    { consumer: '*', requestsPerMinute: 3 },
    { consumer: 'big', requestsPerMinute: 5 },
    { consumer: '*', version: '1.0.0', endpoint: 'POST /', requestsPerMinute: 1 },
  ];
  expect(admitted(limits, of, request('a'), 9)).toBe(3);
  expect(admitted(limits, of, request('b'), 9)).toBe(3);
  expect(admitted(limits, of, request('big'), 9)).toBe(5);
  expect(admitted(limits, of, request('c', { endpoint: 'POST /' }), 9)).toBe(1);
  expect(() => limits.admit(of, request('a'))).toThrow(
    expect.objectContaining({ evidence: expect.objectContaining({ retryAfterMs: 30_000 }) }),
  );
  now = 60_060_000;
  expect(admitted(limits, of, request('a'), 9)).toBe(3);
});

it('are kept by several processes together, but for what they did not yet tell', async () => {
  now = 60_120_000;
  const table = new Map<string, number>();
  const share = async (_api: string, name: string, minute: number, requests: number) => {
    const sum = (table.get(`${name}${minute}`) ?? 0) + requests;
    table.set(`${name}${minute}`, sum);
    return sum;
  };
  const processes = Array.from({ length: 4 }, () => rateLimits(share));
  let count = 0;
  for (let at = 0; at < 400; at += 1) {
    const one = processes[at % 4];
    if (one === undefined) throw new Error('no process');
    count += admitted(one, [{ consumer: '*', requestsPerMinute: 100 }], request('a'), 1);
    if (one.due()) await one.flush();
  }
  expect(count).toBeGreaterThanOrEqual(100);
  expect(count).toBeLessThanOrEqual(108);
});

it('are kept by each process for itself while the table does not answer', async () => {
  now = 60_180_000;
  const limits = rateLimits(() => Promise.reject(new Error('no table')));
  const of = [{ consumer: '*', requestsPerMinute: 4 }];
  expect(admitted(limits, of, request('a'), 2)).toBe(2);
  await limits.flush();
  expect(admitted(limits, of, request('a'), 9)).toBe(2);
});

it('count what is admitted while the table takes its time', async () => {
  now = 60_210_000;
  const waiting: (() => void)[] = [];
  const limits = rateLimits(
    (_api, _name, _minute, requests) => new Promise((resolve) => waiting.push(() => resolve(requests))),
  );
  const of = [{ consumer: '*', requestsPerMinute: 3 }];
  const flushed: Promise<void>[] = [];
  for (let at = 0; at < 3; at += 1) {
    expect(admitted(limits, of, request('a'), 1)).toBe(1);
    flushed.push(limits.flush());
  }
  for (const answer of waiting.toReversed()) answer();
  await Promise.all(flushed);
  expect(admitted(limits, of, request('a'), 9)).toBe(0);
});

it('remember a bounded number of consumers', () => {
  now = 60_240_000;
  const limits = rateLimits(async () => 0);
  const of = [{ consumer: '*', requestsPerMinute: 2 }];
  let count = 0;
  for (let at = 0; at < 10_100; at += 1) count += admitted(limits, of, request(`c${at}`), 1);
  expect(count).toBe(10_002);
});
