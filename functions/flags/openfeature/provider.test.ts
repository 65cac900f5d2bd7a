import { OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/server-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from '#local/clock.ts';
import { setClock } from '#platform/clock.ts';
import { setRandom } from '#platform/random.ts';
import type { Answer, Feed } from '../reading/feed.ts';
import { TheseusProvider, type TheseusProviderOptions } from './provider.ts';

let time: VirtualClock;
let restore: (() => void)[] = [];
beforeEach(() => {
  time = virtualClock(1_800_000_000_000);
  const iso = () => new Date(time.now()).toISOString();
  restore = [setClock({ now: time.now, iso, monotonic: time.now, sleep: time.sleep }), setRandom(() => 0)];
});
afterEach(async () => {
  await OpenFeature.clearProviders();
  for (const one of restore) one();
});

const on = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' };
const document = {
  flags: {
    on,
    size: { ...on, variants: { small: 1, large: 2.5 }, defaultVariant: 'large' },
    name: { ...on, variants: { a: 'Ada' }, defaultVariant: 'a', metadata: { owner: 'web' } },
    theme: { ...on, variants: { dark: { color: 'black' } }, defaultVariant: 'dark' },
    off: { ...on, state: 'DISABLED' },
    silent: { ...on, defaultVariant: null },
    mine: {
      ...on,
      defaultVariant: 'off',
      targeting: { if: [{ '==': [{ var: 'targetingKey' }, 'ada'] }, 'on', 'off'] },
    },
  },
};

let domains = 0;
/** A provider of its own for each test, and the feed it asks. */
async function provided(
  options: Partial<TheseusProviderOptions> = {},
  first: () => Answer | Promise<Answer> = () => ({ documents: { flags: document } }),
) {
  const state = { answer: first };
  const feed: Feed = { name: 'told', parts: ['flags'], intervalMs: 1_000, ask: async () => state.answer() };
  const provider = new TheseusProvider({ feeds: [feed], background: false, ...options });
  domains += 1;
  const domain = `provider-test-${domains}`;
  const client = OpenFeature.getClient(domain);
  const events: string[] = [];
  const changed: string[][] = [];
  for (const event of [ProviderEvents.Ready, ProviderEvents.Stale, ProviderEvents.Error]) {
    client.addHandler(event, () => void events.push(event));
  }
  client.addHandler(ProviderEvents.ConfigurationChanged, (details) => {
    events.push(ProviderEvents.ConfigurationChanged);
    changed.push(details?.flagsChanged ?? []);
  });
  const set = OpenFeature.setProviderAndWait(domain, provider).then(
    () => 'ready',
    (error: Error) => error.message,
  );
  return { state, provider, client, events, changed, set };
}

describe('the provider', () => {
  it('gives value, variant, reason and metadata of every type', async () => {
    const { client, set } = await provided();
    expect(await set).toBe('ready');
    expect(await client.getBooleanDetails('on', false)).toMatchObject({
      value: true,
      variant: 'on',
      reason: 'STATIC',
    });
    expect(await client.getNumberValue('size', 0)).toBe(2.5);
    expect(await client.getStringDetails('name', '')).toMatchObject({
      value: 'Ada',
      flagMetadata: { owner: 'web' },
    });
    expect(await client.getObjectValue('theme', {})).toEqual({ color: 'black' });
    expect(await client.getBooleanDetails('mine', false, { targetingKey: 'ada' })).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
    });
  });

  it('gives the code’s own default where the flag says nothing', async () => {
    const { client, set } = await provided();
    await set;
    const disabled = await client.getBooleanDetails('off', true);
    expect(disabled).toMatchObject({ value: true, reason: 'DISABLED' });
    expect(disabled.errorCode).toBeUndefined();
    expect(await client.getBooleanDetails('silent', true)).toMatchObject({ value: true, reason: 'DEFAULT' });
  });

  it.each([
    [
      'on',
      'FLAG_NOT_FOUND',
      (c: Awaited<ReturnType<typeof provided>>['client']) => c.getBooleanDetails('none', true),
    ],
    [
      'boolean',
      'TYPE_MISMATCH',
      (c: Awaited<ReturnType<typeof provided>>['client']) => c.getBooleanDetails('name', true),
    ],
    [
      'string',
      'TYPE_MISMATCH',
      (c: Awaited<ReturnType<typeof provided>>['client']) => c.getStringDetails('on', 'x'),
    ],
    [
      'number',
      'TYPE_MISMATCH',
      (c: Awaited<ReturnType<typeof provided>>['client']) => c.getNumberDetails('name', 7),
    ],
    [
      'object',
      'TYPE_MISMATCH',
      (c: Awaited<ReturnType<typeof provided>>['client']) => c.getObjectDetails('on', { x: 1 }),
    ],
  ])('says what is wrong, with the default: %s', async (_what, errorCode, ask) => {
    const { client, set } = await provided();
    await set;
    const details = await ask(client);
    expect(details).toMatchObject({ reason: 'ERROR', errorCode });
    expect([true, 'x', 7, { x: 1 }]).toContainEqual(details.value);
  });

  it('is not ready where no flags came in time, gives defaults, and is ready when they come', async () => {
    let come = (_: Answer) => {};
    const { client, set, events, state } = await provided(
      { budgetMs: 250 },
      () =>
        new Promise((resolve) => {
          come = resolve;
        }),
    );
    await time.advance(250);
    expect(await set).toContain('No flags yet');
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    expect(await client.getBooleanDetails('on', false)).toMatchObject({
      value: false,
      reason: 'ERROR',
      errorCode: 'PROVIDER_NOT_READY',
    });
    come({ documents: { flags: document } });
    await time.advance(0);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(await client.getBooleanValue('on', false)).toBe(true);
    expect(events).toEqual([ProviderEvents.Error, ProviderEvents.Ready]);
    state.answer = () => ({});
  });

  it('tells which flags changed', async () => {
    const { state, changed, set, client } = await provided({ background: true });
    await set;
    state.answer = () => ({
      documents: { flags: { flags: { ...document.flags, on: { ...on, defaultVariant: 'off' } } } },
    });
    await time.advance(1_000);
    expect(changed).toEqual([['on']]);
    expect(await client.getBooleanValue('on', true)).toBe(false);
  });

  it('goes on with the last good flags, says that they are stale, and when they are not any more', async () => {
    const { state, client, events, set } = await provided({ background: true, staleAfterMs: 60_000 });
    await set;
    state.answer = () => {
      throw new Error('away');
    };
    await time.advance(120_000);
    expect(client.providerStatus).toBe(ProviderStatus.STALE);
    expect(await client.getBooleanDetails('on', false)).toMatchObject({
      value: true,
      reason: 'STATIC',
      flagMetadata: { stale: true },
    });
    state.answer = () => ({});
    await time.advance(60_000);
    expect(client.providerStatus).toBe(ProviderStatus.READY);
    expect(events).toEqual([ProviderEvents.Ready, ProviderEvents.Stale, ProviderEvents.Ready]);
  });

  it('keeps the good flags when a bad document comes, with an error that says why', async () => {
    const problems: string[] = [];
    const onProblem = (message: string) => void problems.push(message);
    const { state, client, events, set } = await provided({ background: true, onProblem });
    await set;
    state.answer = () => ({ documents: { flags: { flags: { on: { ...on, defaultVariant: 'none' } } } } });
    await time.advance(1_000);
    expect(problems).toEqual([expect.stringContaining('/flags/on/defaultVariant')]);
    expect(client.providerStatus).toBe(ProviderStatus.ERROR);
    expect(await client.getBooleanValue('on', false)).toBe(true);
    expect(events).toEqual([ProviderEvents.Ready, ProviderEvents.Error]);
  });

  it('asks nobody any more when it is closed', async () => {
    const { set } = await provided({ background: true });
    await set;
    await OpenFeature.clearProviders();
    await time.advance(10_000);
    expect(time.pending).toBe(0);
  });
});

describe('sticky variants', () => {
  const sticky = (variants: Record<string, boolean>, metadata: Record<string, boolean>) => ({
    flags: { trial: { state: 'ENABLED', variants, defaultVariant: 'b', metadata } },
  });

  it.each([
    ['stay', { a: true, b: false }, { sticky: true }, 'ada', true],
    ['are given anew where they are gone', { b: false, c: true }, { sticky: true }, 'ada', false],
    ['are for experiments only', { a: true, b: false }, { sticky: false }, 'ada', false],
    ['are nothing to a kill switch', { a: true, b: false }, { sticky: true, killed: true }, 'ada', false],
    ['are for those who are known', { a: true, b: false }, { sticky: true }, '', false],
  ])('%s', async (_what, variants, metadata, targetingKey, value) => {
    const asked: string[] = [];
    const assignments = {
      assigned: async ({ variant }: { variant: string }) => {
        asked.push(variant);
        return 'a';
      },
    };
    const { client, set } = await provided({ assignments }, () => ({
      documents: { flags: sticky(variants, metadata) },
    }));
    await set;
    expect(await client.getBooleanValue('trial', !value, { targetingKey })).toBe(value);
    const askable = metadata.sticky && !('killed' in metadata) && targetingKey !== '';
    expect(asked.length).toBe(askable ? 1 : 0);
  });
});
