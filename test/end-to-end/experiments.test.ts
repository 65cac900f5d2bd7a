import { type Client, OpenFeature, ProviderStatus } from '@openfeature/server-sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FlagAnalytics } from '#flags/analytics/schemas.ts';
import { type ExposureHook, exposureHook } from '#flags/experiments/exposure-hook.ts';
import { platformAssignments } from '#flags/experiments/platform-assignments.ts';
import { TheseusProvider } from '#flags/openfeature/provider.ts';
import { eventually, startPlatform, type TestPlatform } from './platform.ts';

const environment = 'production';
const path = `/flags/environments/${environment}`;
const people = Array.from({ length: 800 }, (_, n) => `user-${n}`);

let platform: TestPlatform;
let told: { type: string; detail: Record<string, unknown> }[];
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  platform = await startPlatform();
  told = [];
  platform.cloud.events.listen({ source: ['theseus.flags'] }, (event) => {
    told.push({ type: event['detail-type'], detail: event.detail as Record<string, unknown> });
    return Promise.resolve();
  });
  await send('PUT', path, {});
  await put('banner', { control: 50, treatment: 50 });
});
afterAll(async () => {
  for (const close of closing) await close();
  await OpenFeature.close();
});

async function send(method: string, to: string, body?: unknown) {
  const answer = await platform.request(method, to, body === undefined ? {} : { body });
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  return answer.body;
}
const analytics = async (flag: string): Promise<FlagAnalytics> =>
  send('GET', `${path}/flags/${flag}/analytics`);
const put = (flag: string, weights: Record<string, number>, more: object = {}) =>
  send('PUT', `${path}/flags/${flag}`, {
    kind: 'experiment',
    variants: { control: 'blue', treatment: 'green' },
    off: 'control',
    form: { type: 'weights', weights },
    why: 'an experiment',
    ...more,
  });

/** Waits until the platform has read from AppConfig what was stored. */
const inForce = (weight: string) =>
  eventually(async () => {
    await platform.cloud.clock.advance(1_001);
    const { body } = await platform.request('GET', `${path}/document`);
    return JSON.stringify(body.flags?.flags?.checkout ?? '').includes(weight) || undefined;
  }, `the weight ${weight}`);

interface Service {
  client: Client;
  hook: ExposureHook;
  provider: TheseusProvider;
}

/** A service: flags are evaluated in its process, what is seen and done is reported. */
async function service(name: string): Promise<Service> {
  const endpoint = { url: platform.cloud.url, environment, token: () => platform.as('vera').token };
  const assignments = platformAssignments({ ...endpoint, timeoutMs: 3_600_000, freshMs: 3_600_000 });
  const hook = exposureHook(endpoint);
  const provider = new TheseusProvider({ platform: endpoint, assignments, beforeTracks: () => hook.flush() });
  // On a busy machine the first answer may come after the budget; the provider goes on asking.
  await OpenFeature.setProviderAndWait(name, provider).catch(() => {});
  const client = OpenFeature.getClient(name);
  await eventually(
    async () => client.providerStatus === ProviderStatus.READY || undefined,
    'the flags to come',
  );
  client.addHooks(hook);
  closing.push(() => hook.close());
  return { client, hook, provider };
}

/** The numbers, once all is there: what fails on a busy machine is sent again. */
const reported = ({ hook, provider }: Service, users: number, payers: number): Promise<FlagAnalytics> =>
  eventually(async () => {
    await hook.flush();
    await provider.flush();
    const found = await analytics('checkout');
    const sum = (of: (one: FlagAnalytics['variants'][number]) => number) =>
      found.variants.reduce((total, one) => total + of(one), 0);
    const isAll =
      sum((one) => one.users.count) === users &&
      sum(({ conversions }) => conversions[0]?.users ?? 0) === payers;
    return isAll ? found : undefined;
  }, `${users} users and ${payers} who paid`);

const variantsOf = async (client: Client, who: readonly string[]) =>
  new Map(
    await Promise.all(
      who.map(async (targetingKey) => {
        const { variant } = await client.getStringDetails('checkout', 'none', { targetingKey });
        return [targetingKey, variant] as const;
      }),
    ),
  );

it('follows an experiment from its first user to its numbers', async () => {
  await put('checkout', { control: 50, treatment: 50 }, { sticky: true });
  await inForce('50000');
  const first = await service('first');
  const given = await variantsOf(first.client, people);
  // Everybody comes twice.
  await variantsOf(first.client, people);
  const treated = people.filter((one) => given.get(one) === 'treatment');
  expect(treated.length).toBeGreaterThan(340);
  expect(treated.length).toBeLessThan(460);

  // What people do: of those treated every second one pays, of the others every fourth.
  const payers = people.filter((one, n) => n % (given.get(one) === 'treatment' ? 2 : 4) === 0);
  for (const targetingKey of payers) first.client.track('paid', { targetingKey }, { value: 20 });
  first.client.track('paid', { targetingKey: payers[0] ?? '' }, { value: 1_000 });
  first.client.track('paid', { targetingKey: 'somebody else' }, { value: 1_000 });
  const found = await reported(first, people.length, payers.length);
  const of = (name: string) => found.variants.find(({ variant }) => variant === name);
  const paid = (variant: string) => payers.filter((one) => given.get(one) === variant).length;
  for (const [variant, users] of [
    ['treatment', treated.length],
    ['control', people.length - treated.length],
  ] as const) {
    expect(of(variant)).toMatchObject({ evaluations: 2 * users, users: { count: users, exact: true } });
    expect(of(variant)?.conversions).toMatchObject([{ metric: 'paid', users: paid(variant), mean: 20 }]);
  }
  const difference = of('treatment')?.conversions[0]?.difference;
  expect(difference?.interval.low).toBeGreaterThan(0);
  expect(difference?.pValue).toBeLessThan(0.001);
  expect(found.experiment).toMatchObject({
    run: 1,
    control: 'control',
    sampleRatio: { verdict: 'as expected' },
  });

  // Weights change, and a process that knows nothing yet: who was there keeps what they had, others come by the new weights.
  await put('checkout', { control: 2, treatment: 98 }, { sticky: true });
  await inForce('98000');
  const second = await service('second');
  const before = people.slice(0, 200);
  expect(await variantsOf(second.client, before)).toEqual(
    new Map(before.map((one) => [one, given.get(one)])),
  );
  const later = await variantsOf(
    second.client,
    Array.from({ length: 100 }, (_, n) => `later-${n}`),
  );
  expect([...later.values()].filter((variant) => variant === 'treatment').length).toBeGreaterThan(85);
  const after = await reported(second, people.length + 100, payers.length);
  expect(after.experiment?.sampleRatio).toMatchObject({ verdict: 'as expected' });
  expect(after.experiment?.sampleRatio.splits).toHaveLength(2);
});

it('counts a batch once, and raises the alarm of a wrong split once', async () => {
  const at = new Date().toISOString();
  const events = Array.from({ length: 120 }, (_, n) => ({
    flag: 'banner',
    variant: n % 4 === 0 ? 'control' : 'treatment',
    targetingKey: `user-${n}`,
    at,
  }));
  const batch = { id: 'banner-batch-1', events };
  expect(await send('POST', `${path}/exposures`, batch)).toMatchObject({ accepted: 120, repeated: false });
  expect(await send('POST', `${path}/exposures`, batch)).toMatchObject({ accepted: 120, repeated: true });
  for (let turn = 0; turn < 2; turn += 1) await platform.cloud.lambda.invoke('flags-sweep-flag-use', {});
  await platform.cloud.events.settled();
  const alarms = told.filter(({ type }) => type === 'flag.sample_ratio_mismatch');
  expect(alarms.map(({ detail }) => detail)).toMatchObject([{ environment, flag: 'banner' }]);
  const { experiment, variants } = await analytics('banner');
  expect(variants.map(({ users }) => users.count).sort((a, b) => a - b)).toEqual([30, 90]);
  expect(experiment?.sampleRatio).toMatchObject({ verdict: 'mismatch', since: expect.any(String) });

  // A new run has no users, and no alarm.
  await send('POST', `${path}/flags/banner/experiment`, { why: 'the split was wrong' });
  expect((await analytics('banner')).experiment).toMatchObject({
    run: 2,
    sampleRatio: { verdict: 'not judged' },
  });
  const refused = await platform.request('POST', `${path}/flags/banner/experiment`, {
    body: { why: 'again', control: 'purple' },
  });
  expect(refused.body).toMatchObject({ status: 400, errors: [{ pointer: '/body/control' }] });
});

it('knows which flags could go', async () => {
  await send('PUT', `${path}/flags/old-banner`, {
    form: { type: 'boolean', on: true },
    expires: '2020-01-01',
    why: 'x',
  });
  await send('POST', `${path}/references`, {
    repository: 'shop',
    counts: [{ flag: 'old-banner', references: 3 }],
  });
  const { items } = await send('GET', `${path}/lifecycle`);
  const found = new Map<string, Record<string, unknown>>(
    items.map((one: { flag: string }) => [one.flag, one]),
  );
  expect(found.get('old-banner')).toMatchObject({
    stage: 'new',
    findings: [{ finding: 'expired' }],
    outcomes: ['on'],
    references: 3,
    lastUsed: null,
  });
  expect(found.get('banner')).toMatchObject({ findings: [], references: 0 });
  const filtered = await send('GET', `${path}/lifecycle?finding=expired`);
  expect(filtered.items.map((one: { flag: string }) => one.flag)).toEqual(['old-banner']);
});
