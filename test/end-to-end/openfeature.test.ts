import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { type Client, OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/server-sdk';
import { type Provider, OpenFeature as WebOpenFeature } from '@openfeature/web-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TheseusProvider } from '#flags/openfeature/provider.ts';
import { startShop } from '../../examples/openfeature/shop.ts';
import { checkService, makeService, runService } from './client-package.ts';
import { eventually, startPlatform, type TestPlatform } from './platform.ts';

const base = '/flags/environments/production';
const ada = { targetingKey: 'ada', plan: 'pro' };
const bob = { targetingKey: 'bob', plan: 'free' };

const checkout = (otherwise: string) => ({
  owner: 'shop',
  variants: { classic: 'classic', express: 'express', off: 'classic' },
  form: {
    type: 'rules',
    rules: [
      {
        name: 'pro first',
        when: { attribute: 'plan', operator: 'equals', value: 'pro' },
        serve: { variant: 'express' },
      },
    ],
    otherwise: { variant: otherwise },
  },
});
const flags = {
  checkout: checkout('classic'),
  banner: { form: { type: 'boolean', on: true } },
  'discount-percent': {
    variants: { off: 0, ten: 10 },
    form: { type: 'users', users: ['ada'], variant: 'ten' },
  },
  theme: {
    variants: { off: { color: 'white' }, dark: { color: 'black' } },
    form: { type: 'weights', weights: { dark: 100 } },
  },
  resting: { enabled: false, form: { type: 'boolean', on: true } },
};

/** What a service does with the clients that it installed. */
const serviceText = `
  import { OpenFeature } from '@openfeature/server-sdk';
  import { createConfigurationClient } from 'theseus/configuration';
  import { TheseusProvider } from 'theseus/openfeature';
  import { platformAssignments } from 'theseus/openfeature/assignments';
  import { exposureHook } from 'theseus/openfeature/exposures';

  const [url, token] = process.argv.slice(2);
  const platform = { url, environment: 'production', token: () => token };
  const hook = exposureHook(platform);
  const assignments = platformAssignments(platform);
  OpenFeature.addHooks(hook);
  const provider = new TheseusProvider({ platform, assignments, beforeTracks: hook.flush, budgetMs: 60_000 });
  await OpenFeature.setProviderAndWait(provider);
  const flags = OpenFeature.getClient();
  const checkout = await flags.getStringValue('checkout', 'none', { targetingKey: 'ada', plan: 'pro' });
  const banner = await flags.getBooleanValue('banner', false);
  const configuration = await createConfigurationClient({ url, token, namespace: 'shop', firstMs: 60_000 });
  const limit = configuration.getConfiguration('limit');
  configuration.close();
  await OpenFeature.close();
  await hook.close();
  console.log(JSON.stringify({ checkout, banner, limit, asked: assignments.stats().asked }));
`;
const typedText = `
  import { OpenFeature } from '@openfeature/server-sdk';
  import { type ConfigurationClient, createConfigurationClient } from 'theseus/configuration';
  import { TheseusProvider, type TheseusProviderOptions } from 'theseus/openfeature';
  import { type PlatformAssignments, platformAssignments } from 'theseus/openfeature/assignments';
  import { type ExposureHook, exposureHook } from 'theseus/openfeature/exposures';
  import { z } from 'zod';

  const platform = { url: 'https://theseus.example.com', environment: 'production', token: () => 'secret' };
  const assignments: PlatformAssignments = platformAssignments(platform);
  const hook: ExposureHook = exposureHook(platform);
  const options: TheseusProviderOptions = { platform, assignments };
  await OpenFeature.setProviderAndWait(new TheseusProvider(options));
  OpenFeature.addHooks(hook);
  // @ts-expect-error a token is a function
  new TheseusProvider({ platform: { ...platform, token: 'secret' } });
  const configuration: ConfigurationClient = await createConfigurationClient({ ...platform, namespace: 'shop' });
  const settings = configuration.typed({ limit: z.int(), name: z.string() });
  export const limit: number = settings.get('limit');
  // @ts-expect-error a name is no number
  export const name: number = settings.get('name');
`;

let platform: TestPlatform;
let folder: string;
/** Between services and the platform: what comes back can be cut off or spoilt. */
let between: Server;
let mood: 'honest' | 'down' | 'spoilt' = 'honest';

async function put(flag: string, body: object): Promise<void> {
  const { status, body: answer } = await platform.request('PUT', `${base}/flags/${flag}`, { body });
  if (status >= 300) throw new Error(JSON.stringify(answer));
}

/** Time enough for a session of AppConfig to be asked again. */
const nextPoll = () => platform.cloud.clock.advance(20_000);
/** Time enough for the platform to see that a deployment has ended, and less than AppConfig's sessions rest. */
const nextLook = () => platform.cloud.clock.advance(1_001);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'theseus-openfeature-'));
  platform = await startPlatform();
  const made = await platform.request('PUT', base, { body: { strategy: 'immediate' } });
  expect(made.status).toBe(201);
  for (const [flag, body] of Object.entries(flags)) await put(flag, body);
  between = createServer(async ({ url, headers }, response) => {
    if (mood === 'down') {
      response.destroy();
      return;
    }
    const { authorization = '', 'if-none-match': tag } = headers;
    const answer = await fetch(platform.cloud.url + url, {
      headers: { authorization, ...(tag === undefined || mood === 'spoilt' ? {} : { 'if-none-match': tag }) },
    }).catch(() => undefined);
    // It stops while it is asked.
    if (answer === undefined) {
      response.destroy();
      return;
    }
    const text = await answer.text();
    response.writeHead(answer.status, {
      etag: mood === 'spoilt' ? '"spoilt"' : (answer.headers.get('etag') ?? ''),
    });
    response.end(mood === 'spoilt' ? text.replaceAll('"ENABLED"', '"PERHAPS"') : text);
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  await OpenFeature.close();
  await WebOpenFeature.close();
  between.closeAllConnections();
  between.close();
  await rm(folder, { recursive: true, force: true });
});

const source = () => ({
  // Of a TCP server it is one.
  url: `http://127.0.0.1:${(between.address() as AddressInfo).port}`,
  environment: 'production',
  token: () => platform.as('vera').token,
  pollMs: 50,
});

describe('the provider, in the process, over HTTP', () => {
  let client: Client;
  const changed: string[][] = [];

  it('gives every type with variant, reason and metadata', async () => {
    const provider = new TheseusProvider({ platform: source(), file: join(folder, 'flags.json') });
    // On a busy machine the first answer may come after the budget; the provider goes on asking.
    await OpenFeature.setProviderAndWait('http', provider).catch(() => {});
    client = OpenFeature.getClient('http');
    await eventually(
      async () => client.providerStatus === ProviderStatus.READY || undefined,
      'the flags to come',
    );
    client.addHandler(
      ProviderEvents.ConfigurationChanged,
      (details) => void changed.push(details?.flagsChanged ?? []),
    );
    expect(await client.getStringDetails('checkout', 'none', ada)).toMatchObject({
      value: 'express',
      variant: 'express',
      reason: 'TARGETING_MATCH',
    });
    expect(await client.getStringValue('checkout', 'none', bob)).toBe('classic');
    expect(await client.getBooleanDetails('banner', false)).toMatchObject({ value: true, variant: 'on' });
    expect(await client.getNumberValue('discount-percent', 5, ada)).toBe(10);
    expect(await client.getObjectValue('theme', {}, ada)).toEqual({ color: 'black' });
    expect(await client.getNumberDetails('checkout', 5)).toMatchObject({
      value: 5,
      errorCode: 'TYPE_MISMATCH',
    });
    expect(await client.getBooleanDetails('nothing', true)).toMatchObject({
      value: true,
      errorCode: 'FLAG_NOT_FOUND',
    });
  });

  it('hears of a change, and which flag it was', async () => {
    await put('checkout', checkout('express'));
    await nextLook();
    await eventually(async () => changed.at(-1), 'the change to be heard of');
    expect(changed).toEqual([['checkout']]);
    expect(await client.getStringValue('checkout', 'none', bob)).toBe('express');
  });

  it('is handed documents with the order of their changes, and 304 for those it has', async () => {
    const first = await platform.request('GET', `${base}/document`, { subject: 'vera' });
    expect(first).toMatchObject({
      status: 200,
      body: {
        flags: { flags: { checkout: {} } },
        killSwitches: { flags: {} },
        order: Object.keys(flags).length + 1,
      },
    });
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
    expect((await platform.request('GET', `${base}/document`, { headers })).status).toBe(304);
    expect((await platform.request('GET', '/flags/environments/nowhere/document')).status).toBe(404);
  });

  it('follows a kill switch without waiting for AppConfig', async () => {
    const killed = await platform.request('POST', `${base}/flags/checkout/kill`, {
      body: { why: 'it charges twice' },
    });
    expect(killed.status).toBe(200);
    await platform.cloud.clock.advance(1_001);
    const details = await eventually(async () => {
      const found = await client.getStringDetails('checkout', 'none', ada);
      return found.value === 'classic' ? found : undefined;
    }, 'the kill switch to be followed');
    expect(details.flagMetadata).toMatchObject({ killed: true, why: 'it charges twice' });
    await platform.request('POST', `${base}/flags/checkout/revive`, {
      body: { why: 'it does not any more' },
    });
    await platform.cloud.clock.advance(1_001);
    await eventually(async () => {
      const value = await client.getStringValue('checkout', 'none', ada);
      return value === 'express' || undefined;
    }, 'the flag to be back');
  });

  it('keeps the good flags when what comes is spoilt, and says so', async () => {
    mood = 'spoilt';
    await eventually(
      async () => client.providerStatus === ProviderStatus.ERROR || undefined,
      'the document to be refused',
    );
    expect(await client.getStringValue('checkout', 'none', ada)).toBe('express');
    mood = 'honest';
    await eventually(
      async () => client.providerStatus === ProviderStatus.READY || undefined,
      'it to be taken again',
    );
  });

  it('runs in a service, which the example is', async () => {
    process.env.SHOP_FLAGS_FILE = join(folder, 'shop.json');
    const shop = await startShop(source(), 0);
    try {
      // Of a TCP server it is one.
      const { port } = shop.address() as AddressInfo;
      const text = await eventually(async () => {
        const answer = await fetch(`http://127.0.0.1:${port}`, {
          headers: { 'x-user': 'ada', 'x-plan': 'pro' },
        });
        const found = await answer.text();
        return found.includes('NOT_READY') || found.includes('ERROR') ? undefined : found;
      }, 'the shop to have flags');
      expect(text).toBe('express checkout (TARGETING_MATCH)\n');
    } finally {
      shop.closeAllConnections();
      shop.close();
      delete process.env.SHOP_FLAGS_FILE;
    }
  });
});

it('the provider reads AppConfig in a function of Lambda, which the other example is', async () => {
  const { handler } = await import('../../examples/openfeature/price.ts');
  const priced = (price: number) =>
    eventually(async () => {
      const answer = await handler({ user: 'ada', price: 50 });
      return answer.price === price || undefined;
    }, `the price to be ${price}`);
  // Its first invocation waits for flags, and on a busy machine not long enough.
  await priced(45);
  await put('discount-percent', {
    ...flags['discount-percent'],
    form: { type: 'users', users: [], variant: 'ten' },
  });
  await nextPoll();
  // The first invocation begins to ask, and does not wait.
  await priced(50);
});

it('services install a package, which any Node runs', async () => {
  await platform.request('PUT', '/configuration/keys/shop/limit', {
    body: { schema: { type: 'integer' }, default: 50 },
  });
  await makeService(folder, { 'service.js': serviceText, 'typed.ts': typedText });
  const printed = await runService(folder, ['service.js', platform.cloud.url, platform.as('vera').token]);
  expect(JSON.parse(printed)).toEqual({ checkout: 'express', banner: true, limit: 50, asked: 0 });
  await checkService(folder, 'typed.ts');
});

describe('OFREP', () => {
  const headers = (): [string, string][] => [['Authorization', `Bearer ${platform.as('vera').token}`]];
  const ofrep = `${base}/ofrep/v1/evaluate/flags`;

  it('serves the server’s provider', async () => {
    await OpenFeature.setProviderAndWait(
      'ofrep',
      new OFREPProvider({ baseUrl: platform.cloud.url + base, headers: headers() }),
    );
    const client = OpenFeature.getClient('ofrep');
    expect(await client.getStringDetails('checkout', 'none', ada)).toMatchObject({
      value: 'express',
      variant: 'express',
      reason: 'TARGETING_MATCH',
    });
    expect(await client.getObjectValue('theme', {}, ada)).toEqual({ color: 'black' });
    expect(await client.getBooleanDetails('nothing', true)).toMatchObject({
      value: true,
      errorCode: 'FLAG_NOT_FOUND',
    });
  });

  it('serves the browser’s provider, which evaluates all at once for one user', async () => {
    const provider = new OFREPWebProvider({
      baseUrl: platform.cloud.url + base,
      headers: headers(),
      cacheMode: 'disabled',
      changeDetection: 'none',
      disableVisibilityRefresh: true,
    });
    await WebOpenFeature.setContext(ada);
    // Its type has `hooks` that may be undefined, which the SDK's own takes in fact and not by its type.
    await WebOpenFeature.setProviderAndWait(provider as Provider);
    const client = WebOpenFeature.getClient();
    expect(client.getStringDetails('checkout', 'none')).toMatchObject({
      value: 'express',
      variant: 'express',
    });
    expect(client.getBooleanValue('banner', false)).toBe(true);
    await WebOpenFeature.setContext({ targetingKey: 'bob' });
    expect(client.getNumberValue('discount-percent', 5)).toBe(0);
  });

  it('answers 304 to whoever has the same answer', async () => {
    const ask = (context: object, tag?: string) =>
      platform.request('POST', ofrep, {
        body: { context },
        headers: tag === undefined ? {} : { 'if-none-match': tag },
      });
    const first = await ask(ada);
    expect(first.status).toBe(200);
    expect(first.body.flags.map(({ key }: { key: string }) => key).sort()).toEqual(Object.keys(flags).sort());
    const tag = first.headers.get('etag') ?? '';
    expect(await ask(ada, tag)).toMatchObject({ status: 304, body: undefined });
    await put('banner', { form: { type: 'boolean', on: false } });
    await nextLook();
    await ask(ada);
    const changed = await eventually(async () => {
      const answer = await ask(ada, tag);
      return answer.status === 200 ? answer : undefined;
    }, 'the answer to be another one');
    expect(changed.headers.get('etag')).not.toBe(tag);
  });

  it('says what is wrong in the protocol’s words, or, before it comes to that, in the platform’s', async () => {
    const one = (key: string, more: object) => platform.request('POST', `${ofrep}/${key}`, more);
    expect(await one('nothing', { body: { context: ada } })).toMatchObject({
      status: 404,
      body: { key: 'nothing', errorCode: 'FLAG_NOT_FOUND' },
    });
    expect(await one('checkout', { body: { context: 'ada' } })).toMatchObject({
      status: 400,
      body: { key: 'checkout', errorCode: 'INVALID_CONTEXT', errorDetails: 'context: expected an object' },
    });
    expect(await platform.request('POST', ofrep, { body: { context: { targetingKey: 7 } } })).toMatchObject({
      status: 400,
      body: { errorCode: 'INVALID_CONTEXT' },
    });
    expect(await one('__proto__', { body: {} })).toMatchObject({
      status: 404,
      body: { errorCode: 'FLAG_NOT_FOUND' },
    });
    expect(await one('checkout', { text: '{' })).toMatchObject({
      status: 400,
      body: { title: 'Invalid input' },
    });
    expect((await one('checkout', { body: {}, subject: 'nobody' })).status).toBe(403);
    const elsewhere = await platform.request('POST', '/flags/environments/nowhere/ofrep/v1/evaluate/flags', {
      body: {},
    });
    expect(elsewhere.status).toBe(404);
    const disabled = await one('resting', { body: { context: ada } });
    expect(disabled.status).toBe(200);
  });
});

it('the platform stops: flags stay in force, and are there for a service that starts now', async () => {
  const client = OpenFeature.getClient('http');
  expect(await client.getStringValue('checkout', 'none', ada)).toBe('express');
  mood = 'down';
  await platform.cloud.stop();
  expect(await client.getStringValue('checkout', 'none', ada)).toBe('express');
  const again = new TheseusProvider({
    platform: source(),
    file: join(folder, 'flags.json'),
    budgetMs: 30_000,
  });
  await OpenFeature.setProviderAndWait('again', again);
  const restarted = OpenFeature.getClient('again');
  expect(await restarted.getStringDetails('checkout', 'none', ada)).toMatchObject({
    value: 'express',
    flagMetadata: { stale: true },
  });
  const without = new TheseusProvider({ platform: source(), budgetMs: 30_000 });
  await expect(OpenFeature.setProviderAndWait('without', without)).rejects.toThrow('No flags yet');
  expect(await OpenFeature.getClient('without').getStringDetails('checkout', 'none', ada)).toMatchObject({
    value: 'none',
    errorCode: 'PROVIDER_NOT_READY',
  });
});
