import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type VirtualClock, virtualClock } from '#local/clock.ts';
import { setClock } from '#platform/clock.ts';
import { setRandom } from '#platform/random.ts';
import {
  type ConfigurationClient,
  type ConfigurationClientOptions,
  type ConfigurationEvent,
  ConfigurationMisfit,
  ConfigurationTooOld,
  ConfigurationUnavailable,
  createConfigurationClient,
} from './client.ts';
import type { ConfigurationChange } from './document.ts';

let time: VirtualClock;
let restore: (() => void)[] = [];
const clients: ConfigurationClient[] = [];
beforeEach(() => {
  time = virtualClock(1_000_000);
  restore = [
    setClock({
      now: time.now,
      monotonic: time.now,
      iso: () => new Date(time.now()).toISOString(),
      sleep: time.sleep,
    }),
    setRandom(() => 0.5),
  ];
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const one of restore) one();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

type Item = { key: string; value?: unknown; version?: number | null; secret?: boolean };

/** A platform that answers what it is told to, with an ETag that changes with it, and counts. */
function platform(items: Item[]) {
  const state = {
    items,
    away: false,
    hangs: false,
    asked: 0,
    unchanged: 0,
    queries: [] as string[],
    reports: [] as unknown[],
  };
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    if (url.endsWith('/configuration/reports')) {
      state.reports.push(JSON.parse(String(init.body)));
      return new Response(null, { status: 202 });
    }
    state.asked += 1;
    state.queries.push(new URL(url).search);
    if (state.hangs) return new Promise<Response>(() => {});
    if (state.away) throw new TypeError('fetch failed');
    const tenant = new URL(url).searchParams.get('tenant');
    const body = JSON.stringify({
      items: state.items.map((item) =>
        tenant === null ? item : { ...item, value: `${item.value}/${tenant}` },
      ),
    });
    const etag = `"${Buffer.from(body).toString('base64')}"`;
    if (new Headers(init.headers).get('if-none-match') === etag) {
      state.unchanged += 1;
      return new Response(null, { status: 304 });
    }
    return new Response(body, { headers: { etag } });
  });
  return state;
}

async function clientOf(options: Partial<ConfigurationClientOptions> = {}) {
  const events: ConfigurationEvent[] = [];
  const client = await createConfigurationClient({
    url: 'http://127.0.0.1:7000',
    token: 'a-token',
    namespace: 'shop',
    environment: 'production',
    service: 'orders',
    onEvent: (event) => void events.push(event),
    ...options,
  });
  clients.push(client);
  return { client, events };
}

describe('a client of the configuration', () => {
  it('reads from memory, and sees a change at the next look', async () => {
    const shop = platform([{ key: 'limits.max', value: 10, version: 1 }]);
    const { client, events } = await clientOf();
    expect(client.getConfiguration('limits.max')).toBe(10);
    expect(client.getConfiguration('nothing')).toBeUndefined();
    expect(client.getConfiguration('constructor')).toBeUndefined();
    expect(client.entry('limits.max')).toMatchObject({ version: 1 });
    expect(shop.queries).toEqual(['?namespace=shop&environment=production&service=orders']);
    const changes: ConfigurationChange[] = [];
    const all: string[] = [];
    client.watch('limits.max', (change) => changes.push(change));
    const unwatch = client.watch('limits.*', ({ key }) => all.push(key));
    await time.advance(499);
    expect(shop.asked).toBe(1);
    shop.items = [
      { key: 'limits.max', value: 11, version: 2 },
      { key: 'limits.min', value: 1, version: 1 },
    ];
    await time.advance(1);
    expect(client.getConfiguration('limits.max')).toBe(11);
    expect(changes).toEqual([{ key: 'limits.max', before: 10, value: 11, version: 2 }]);
    expect(all).toEqual(['limits.max', 'limits.min']);
    unwatch();
    shop.items = [];
    await time.advance(1_000);
    expect(changes.at(-1)).toEqual({ key: 'limits.max', before: 11, value: undefined, version: null });
    expect(all).toHaveLength(2);
    expect(shop.unchanged).toBe(1);
    expect(events.filter(({ type }) => type === 'changed')).toHaveLength(2);
    client.close();
    await time.advance(10_000);
    expect(shop.asked).toBe(4);
  });

  it('takes a new version of an equal value for no change, and a new one of a hidden secret for one', async () => {
    const shop = platform([
      { key: 'a', value: { x: 1, y: [2] }, version: 1 },
      { key: 'password', secret: true, version: 1 },
    ]);
    const { client } = await clientOf();
    const keys: string[] = [];
    client.watch('*', ({ key }) => keys.push(key));
    shop.items = [
      { key: 'a', value: { y: [2], x: 1 }, version: 2 },
      { key: 'password', secret: true, version: 2 },
    ];
    await client.refresh();
    expect(keys).toEqual(['password']);
    expect(client.entry('a')?.version).toBe(2);
    expect(() => client.getConfiguration('password')).toThrow('secrets: true');
  });

  it('goes on with the last document while the platform is away, and says so; in the end it is too old', async () => {
    const shop = platform([{ key: 'a', value: 1, version: 1 }]);
    const { client, events } = await clientOf({ maxStaleMs: 60_000 });
    shop.away = true;
    await time.advance(30_000);
    expect(client.getConfiguration('a')).toBe(1);
    expect(client.state().state).toBe('stale');
    // It asks less often than it would.
    expect(shop.asked).toBeLessThan(20);
    await time.advance(31_000);
    expect(() => client.getConfiguration('a')).toThrow(ConfigurationTooOld);
    shop.away = false;
    await time.advance(10_000);
    expect(client.getConfiguration('a')).toBe(1);
    expect(events.flatMap((event) => (event.type === 'state' ? [event.state] : []))).toEqual([
      'fresh',
      'stale',
      'fresh',
    ]);
  });

  it('asks at an interval only that leaves a pause', async () => {
    const reader = { url: 'http://127.0.0.1:9', token: 'token', namespace: 'shop', pollMs: 0 };
    await expect(createConfigurationClient(reader)).rejects.toThrow('pollMs: expected 20');
  });

  it('waits for the first document as long as it may, and no longer', async () => {
    const shop = platform([{ key: 'a', value: 1 }]);
    shop.hangs = true;
    const outcome = clientOf({ firstMs: 2_000 }).catch((error: unknown) => error);
    await time.advance(2_000);
    expect(await outcome).toBeInstanceOf(ConfigurationUnavailable);
    shop.hangs = false;
    shop.away = true;
    const later = clientOf({ firstMs: 2_000 });
    await time.advance(500);
    shop.away = false;
    await time.advance(1_500);
    expect((await later).client.getConfiguration('a')).toBe(1);
  });

  it('begins with the file of the last run when the platform is away: for its owner only, without secrets', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'configuration-'));
    const file = join(directory, 'last', 'good.json');
    const shop = platform([
      { key: 'a', value: 1, version: 3 },
      { key: 'password', value: 'hunter2', secret: true, version: 1 },
    ]);
    const { client } = await clientOf({ file, secrets: true });
    expect(client.getConfiguration('password')).toBe('hunter2');
    await vi.waitFor(async () => expect((await stat(file)).mode & 0o777).toBe(0o600));
    expect(await readFile(file, 'utf8')).not.toContain('hunter2');
    shop.away = true;
    const started = clientOf({ file, secrets: true, firstMs: 100 });
    await time.advance(100);
    const { client: again } = await started;
    expect(again.getConfiguration('a')).toBe(1);
    expect(again.state().state).toBe('stale');
    expect(() => again.getConfiguration('password')).toThrow('secret');
    shop.away = false;
    await again.refresh();
    expect(again.getConfiguration('password')).toBe('hunter2');
    // What was kept for somebody else is not theirs.
    shop.away = true;
    const other = clientOf({ file, service: 'billing', firstMs: 100 }).catch((error: unknown) => error);
    await time.advance(100);
    expect(await other).toBeInstanceOf(ConfigurationUnavailable);
    await rm(directory, { recursive: true });
  });

  it('gives values by schema, and keeps the last one that fitted', async () => {
    const shop = platform([{ key: 'limits.max', value: 10, version: 1 }]);
    const { client, events } = await clientOf({ instance: 'one' });
    const schemas = { 'limits.max': z.int().max(100), mode: z.enum(['slow', 'fast']).default('slow') };
    const typed = client.typed(schemas);
    const max: number = typed.get('limits.max');
    const mode: 'slow' | 'fast' = typed.get('mode');
    expect([max, mode]).toEqual([10, 'slow']);
    const seen: number[] = [];
    typed.watch('limits.max', (value) => seen.push(value));
    shop.items = [{ key: 'limits.max', value: 1_000, version: 2 }];
    await client.refresh();
    expect(typed.get('limits.max')).toBe(10);
    expect(client.getConfiguration('limits.max')).toBe(1_000);
    expect(events.at(-2)).toMatchObject({ type: 'misfit', key: 'limits.max' });
    await client.refresh();
    expect(shop.reports.at(-1)).toMatchObject({
      service: 'orders',
      instance: 'one',
      environment: 'production',
      failed: [{ key: 'shop/limits.max', version: 2 }],
      versions: { 'shop/limits.max': 2 },
    });
    shop.items = [{ key: 'limits.max', value: 12, version: 3 }];
    await client.refresh();
    expect(seen).toEqual([12]);
    expect(shop.reports.at(-1)).toMatchObject({ failed: [] });
    expect(() => client.typed({ 'limits.max': z.string() })).toThrow(ConfigurationMisfit);
    expect(() => client.typed({ 'limits.max': z.string() })).not.toThrow('12');
  });

  it('lets callbacks that throw harm nobody else', async () => {
    const shop = platform([{ key: 'a', value: 1 }]);
    const { client, events } = await clientOf();
    const seen: unknown[] = [];
    client.watch('a', () => {
      throw new Error('mine');
    });
    client.watch('a', ({ value }) => seen.push(value));
    shop.items = [{ key: 'a', value: 2 }];
    await client.refresh();
    expect(seen).toEqual([2]);
    expect(events.map(({ type }) => type)).toContain('callback-failed');
  });

  it('on Lambda has no timers: a read begins a look, and refresh waits for one within its budget', async () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'orders');
    const shop = platform([{ key: 'a', value: 1 }]);
    const { client } = await clientOf({ url: 'https://platform.example' });
    expect(time.pending).toBe(0);
    shop.items = [{ key: 'a', value: 2 }];
    await time.advance(10_001);
    expect(shop.asked).toBe(1);
    expect(client.getConfiguration('a')).toBe(1);
    await time.advance(0);
    expect(client.getConfiguration('a')).toBe(2);
    await client.refresh({ olderThanMs: 10_000 });
    expect(shop.asked).toBe(2);
    await time.advance(20_000);
    shop.hangs = true;
    const waited = client.refresh({ olderThanMs: 10_000, budgetMs: 250 });
    await time.advance(250);
    await waited;
    expect(client.getConfiguration('a')).toBe(2);
  });

  it('holds the documents of as many tenants as it may', async () => {
    const shop = platform([{ key: 'a', value: 1 }]);
    const { client } = await clientOf({ mostTenants: 2, background: false });
    const acme = await client.forTenant('acme');
    expect(acme.getConfiguration('a')).toBe('1/acme');
    await client.forTenant('acme');
    await client.forTenant('globex');
    expect(shop.asked).toBe(3);
    await client.forTenant('initech');
    await client.forTenant('globex');
    expect(shop.asked).toBe(4);
    await client.forTenant('acme');
    expect(shop.asked).toBe(5);
    shop.items = [{ key: 'a', value: 2 }];
    await time.advance(501);
    expect(acme.getConfiguration('a')).toBe('1/acme');
    await time.advance(0);
    expect(acme.getConfiguration('a')).toBe('2/acme');
    shop.away = true;
    await expect(client.forTenant('hooli')).rejects.toBeInstanceOf(ConfigurationUnavailable);
  });

  it('says at once what the platform refused', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ detail: 'a may not read here' }, { status: 403 }));
    // It does not ask again: no time passes here.
    const outcome = await clientOf().catch((error: unknown) => error);
    expect(outcome).toMatchObject({ status: 403, message: expect.stringContaining('may not read') });
  });

  it('goes on when whoever listens to its events throws', async () => {
    const shop = platform([{ key: 'a', value: 1 }]);
    const { client } = await clientOf({
      onEvent() {
        throw new Error('a defect of the service');
      },
    });
    const seen: unknown[] = [];
    client.watch('a', ({ value }) => seen.push(value));
    for (const value of [2, 3]) {
      shop.items = [{ key: 'a', value }];
      await time.advance(500);
      expect(client.state().state).toBe('fresh');
    }
    shop.away = true;
    await time.advance(500);
    expect([seen, client.state().state]).toEqual([[2, 3], 'stale']);
  });

  it('gives up a look whose token never comes, and looks again', async () => {
    const shop = platform([{ key: 'a', value: 1 }]);
    let token: Promise<string> = Promise.resolve('a-token');
    const { client } = await clientOf({ token: () => token });
    token = new Promise(() => {});
    await time.advance(500);
    shop.items = [{ key: 'a', value: 2 }];
    token = Promise.resolve('another');
    await time.advance(30_000);
    expect(client.getConfiguration('a')).toBe(2);
    expect(client.state().state).toBe('fresh');
  });

  it('asks nothing and tells nothing when it is closed, tenants included', async () => {
    const shop = platform([{ key: 'a', value: 1 }]);
    const { client, events } = await clientOf({ instance: 'one' });
    const acme = await client.forTenant('acme');
    shop.hangs = true;
    await time.advance(600);
    const told = events.length;
    client.close();
    await time.advance(600);
    const asked = shop.asked;
    shop.hangs = false;
    shop.items = [{ key: 'a', value: 2 }];
    await client.refresh();
    expect([client.getConfiguration('a'), acme.getConfiguration('a')]).toEqual([1, '1/acme']);
    await time.advance(120_000);
    expect([shop.asked, events.length, shop.reports.length]).toEqual([asked, told, 1]);
    expect([client.state().state, time.pending]).toEqual(['fresh', 0]);
  });

  it('does not ask with every read while the platform is away', async () => {
    const shop = platform([{ key: 'a', value: 1 }]);
    const { client } = await clientOf({ background: false });
    const acme = await client.forTenant('acme');
    shop.away = true;
    const before = shop.asked;
    for (let read = 0; read < 1_000; read += 1) {
      await time.advance(10);
      expect([client.getConfiguration('a'), acme.getConfiguration('a')]).toEqual([1, '1/acme']);
      await client.forTenant('hooli').catch(() => {});
    }
    // Ten seconds, three documents: each asked for ever more rarely.
    expect(shop.asked - before).toBeLessThan(45);
    shop.away = false;
    await time.advance(5_500);
    expect((await client.forTenant('hooli')).getConfiguration('a')).toBe('1/hooli');
  });

  it('leaves a whole file, however many write it at once', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'configuration-'));
    const file = join(directory, 'good.json');
    const shop = platform([{ key: 'a', value: 0, version: 1 }]);
    const problems: ConfigurationEvent[] = [];
    const both = await Promise.all(
      [1, 2].map(() => clientOf({ file, onEvent: (event) => void problems.push(event) })),
    );
    for (let value = 1; value <= 20; value += 1) {
      shop.items = [{ key: 'a', value: 'x'.repeat(200_000 / value), version: value }];
      await Promise.all(both.map(({ client }) => client.refresh()));
    }
    await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toContain('"version":20'));
    expect(problems.filter(({ type }) => type === 'file-failed')).toEqual([]);
    await rm(directory, { recursive: true });
  });
});
