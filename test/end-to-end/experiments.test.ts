import { beforeAll, expect, it } from 'vitest';
import type { FlagAnalytics } from '#flags/analytics/schemas.ts';
import { startPlatform, type TestPlatform } from './platform.ts';

const environment = 'production';
const path = `/flags/environments/${environment}`;

let platform: TestPlatform;
let told: { type: string; detail: Record<string, unknown> }[];

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
