import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { setClock, systemClock } from '#platform/clock.ts';
import { RoutesUnreachable } from '../errors.ts';
import { routeCache } from './route-cache.ts';

let now = 0;
/** Whoever waits for the table gives up at once. */
let impatient = false;
const restore = setClock({
  ...systemClock,
  monotonic: () => now,
  sleep: (ms, signal) => (impatient ? Promise.resolve() : systemClock.sleep(ms, signal)),
});
afterAll(restore);

let reads = 0;
let stored: string | null = 'one';
let fails: Error | undefined;
let answer: Promise<void> = Promise.resolve();
const cacheOf = () =>
  routeCache(async (service) => {
    reads += 1;
    await answer;
    if (fails) throw fails;
    return stored === null ? null : `${service}:${stored}`;
  });
beforeEach(() => {
  [now, reads, stored, fails, impatient] = [1_000, 0, 'one', undefined, false];
  answer = Promise.resolve();
});
const routeOf = async (cache: ReturnType<typeof cacheOf>, service = 'shop') =>
  (await cache.find(service)).value;

describe('routes in memory', () => {
  it('are read once, however many ask', async () => {
    const cache = cacheOf();
    expect(await Promise.all([1, 2, 3].map(() => routeOf(cache)))).toEqual(Array(3).fill('shop:one'));
    now += 900;
    expect(await routeOf(cache)).toBe('shop:one');
    expect(reads).toBe(1);
  });

  it('are used while a newer one is read', async () => {
    const cache = cacheOf();
    await routeOf(cache);
    stored = 'two';
    now += 1_500;
    const found = await cache.find('shop');
    expect(found.value).toBe('shop:one');
    await found.refreshing;
    expect(await routeOf(cache)).toBe('shop:two');
    expect(reads).toBe(2);
  });

  it('are read again first when the process was frozen for long', async () => {
    const cache = cacheOf();
    await routeOf(cache);
    stored = 'two';
    now += 60_000;
    expect(await routeOf(cache)).toBe('shop:two');
  });

  it('hold when the table cannot be reached, which is asked once a second', async () => {
    const cache = cacheOf();
    await routeOf(cache);
    fails = new Error('no table');
    now += 3_600_000;
    for (let at = 0; at < 5; at += 1) expect(await routeOf(cache)).toBe('shop:one');
    expect(reads).toBe(2);
    now += 1_000;
    expect(await routeOf(cache)).toBe('shop:one');
    expect(reads).toBe(3);
    fails = undefined;
    stored = 'two';
    now += 1_000;
    expect(await routeOf(cache)).toBe('shop:two');
  });

  it('hold when the table is slow', async () => {
    const cache = cacheOf();
    await routeOf(cache);
    answer = new Promise(() => {});
    impatient = true;
    now += 60_000;
    expect(await routeOf(cache)).toBe('shop:one');
  });

  it('are missed by name when none is known', async () => {
    fails = new Error('no table');
    await expect(routeOf(cacheOf())).rejects.toThrow(RoutesUnreachable);
  });

  it('of names that lead nowhere push out no route', async () => {
    const cache = cacheOf();
    await routeOf(cache);
    stored = null;
    for (let at = 0; at < 1_500; at += 1) expect(await routeOf(cache, `no-${at}`)).toBeNull();
    const before = reads;
    expect(await routeOf(cache)).toBe('shop:one');
    expect(await routeOf(cache, 'no-1499')).toBeNull();
    expect(reads).toBe(before);
    await routeOf(cache, 'no-0');
    expect(reads).toBe(before + 1);
  });
});
