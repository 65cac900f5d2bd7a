import { createServer } from 'node:http';
import { it } from 'vitest';
import { z } from 'zod';
import { Deprecation, DeprecationEventPage } from '#apis/deprecations/schemas.ts';
import { holderOf } from '#local/lock.ts';
import { type MortalPlatform, startMortal } from './platform.ts';
import { deathsIn, everyStateOf, survivedIn } from './states.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const machine = 'api-deprecation';

/** Three days, every step of which somebody has to wait for. */
const policy = {
  noticeDays: 3,
  remindDays: [1],
  extensions: { max: 1, days: 2, automatic: true },
  brownouts: [{ hours: 1, gapDays: 1 }],
  brownoutNoticeDays: 1,
  consent: 'required',
};

const description = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  paths: { '/orders': { get: { responses: { 200: { description: 'All' } } } } },
});

async function said(platform: MortalPlatform, method: string, path: string, body: object): Promise<void> {
  const answer = await platform.ask(method, path, body);
  if (answer.status > 201) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
}

/** An API with two versions, of which the shop uses the first one, as the gateway has counted. */
async function serveOrders(platform: MortalPlatform, url: string): Promise<void> {
  const target = { kind: 'http', urls: [url] };
  await said(platform, 'PUT', '/gateway/routes/orders', {
    targets: [{ version: '1.0.0', percent: 100, target }],
  });
  await said(platform, 'PUT', '/apis/orders', { kind: 'openapi', service: 'orders' });
  for (const version of ['1.0.0', '2.0.0'])
    await said(platform, 'POST', '/apis/orders/versions', { version, description });
  const headers = { 'x-consumer': 'shop', 'x-api-version': '1.0.0' };
  const Counted = z.looseObject({ consumers: z.array(z.looseObject({ consumer: z.string() })) });
  await platform.patiently('that requests are counted', async () => {
    const gateway = (await holderOf(platform.directory))?.gatewayUrl;
    await fetch(`${gateway}/orders/orders`, { headers });
    const { body } = await platform.ask('GET', '/gateway/routes/orders/api/usage');
    return Counted.safeParse(body).data?.consumers.some(({ consumer }) => consumer === 'shop') || undefined;
  });
}

const answerOf = async (platform: MortalPlatform): Promise<number> =>
  platform.patiently('an answer of the gateway', async () => {
    const gateway = (await holderOf(platform.directory))?.gatewayUrl;
    const headers = { 'x-consumer': 'shop', 'x-api-version': '1.0.0' };
    return gateway === undefined ? undefined : (await fetch(`${gateway}/orders/orders`, { headers })).status;
  });

it('kill -9 in every state of a deprecation: it goes its way in order, tells everything once, and can be undone', async ({
  expect,
  onTestFinished,
}) => {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json').end('[]');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port');
  const platform = await startMortal(null);
  onTestFinished(() => platform.stop());
  await serveOrders(platform, `http://127.0.0.1:${address.port}`);

  const list = async () => {
    const { body } = await platform.ask('GET', '/apis/orders/deprecations');
    return z.object({ items: z.array(Deprecation) }).parse(body).items;
  };
  const show = async (): Promise<Deprecation> => {
    const [found] = await list();
    if (found === undefined) throw new Error('It was not stored');
    return found;
  };
  const until = (what: string, holds: (seen: Deprecation) => boolean) =>
    platform.patiently(what, async () => {
      const seen = await show();
      return holds(seen) ? seen : undefined;
    });
  /** Asks until it is accepted, or `done` holds: an answer may die with its platform. */
  const act = (verb: string, body: object, done: (seen: Deprecation) => boolean) =>
    platform.patiently(verb, async () => {
      const { id } = await show();
      const answer = await platform.askOnce('POST', `/apis/orders/deprecations/${id}/${verb}`, body);
      return answer?.status === 200 || done(await show()) || undefined;
    });
  // One function's process ends of itself: what it did is done, and nobody says so.
  const deaths = [...deathsIn(machine), `${machine} failed Remind`, `${machine} failed RecordFailure`];
  let shiftMs = 0;
  /** When nothing acts any more: an execution that lives for a day of this clock would be over. */
  const later = async (ms: number) => {
    if (ms > 0)
      await until('sleep', ({ wakesAt }) => wakesAt !== null && Date.parse(wakesAt) > Date.now() + shiftMs);
    shiftMs += ms;
    await platform.kill({ deaths, shiftMs });
  };
  await later(0);

  await platform.patiently('the beginning', async () => {
    if ((await list()).length > 0) return true;
    const body = { version: '1.0.0', reason: 'Old', policy };
    return (await platform.askOnce('POST', '/apis/orders/deprecations', body))?.status === 201 || undefined;
  });
  // Of decisions at the same time all but the last leave an execution behind that acts no longer.
  const superseded = `${machine} entered Superseded`;
  await platform.patiently('one that acts no longer', async () => {
    if (platform.deaths().includes(superseded)) return true;
    const { id } = await show();
    const body = { consumer: 'bank', reason: 'Asked' };
    const path = `/apis/orders/deprecations/${id}/exempt`;
    await Promise.all(Array.from({ length: 6 }, () => platform.askOnce('POST', path, body)));
    return undefined;
  });
  await until('its announcement', ({ announcedAt, wakesAt }) => announcedAt !== null && wakesAt !== null);
  expect((await show()).consumers.map(({ consumer, ready }) => [consumer, ready])).toContainEqual([
    'shop',
    false,
  ]);

  await later(dayMs + hourMs);
  await until('an announced brownout', ({ brownouts }) => brownouts[0]?.state === 'announced');
  await later(dayMs);
  await until('a brownout', ({ brownouts }) => brownouts[0]?.state !== 'announced');
  // What failed is tried again after some minutes, and ten in a row would be too many.
  await later(20 * 60_000);
  await platform.die(`${machine} entered Failed`);
  await later(2 * hourMs);
  await until('a brownout that was held', ({ brownouts }) => brownouts[0]?.state === 'held');
  await later(2 * dayMs);
  await until('an extension', ({ extensions }) => extensions.length === 1);
  await later(3 * dayMs);
  await until('a question for consent', ({ phase }) => phase === 'consent');
  const ready = ({ consumers }: Deprecation) =>
    consumers.some(({ consumer, consented }) => consumer === 'shop' && consented !== null);
  await act('consent', { consumer: 'shop' }, ready);
  await act('consent', { consumer: 'bank' }, ({ removedAt }) => removedAt !== null);
  await until('its removal', ({ removedAt, wakesAt }) => removedAt !== null && wakesAt !== null);
  expect(await answerOf(platform)).toBe(410);
  await act('restore', { reason: 'Too early' }, ({ status }) => status === 'restored');
  const restored = await until('its end', ({ endedAt }) => endedAt !== null);
  await platform.die(`${machine} unrecorded End`);
  expect(await answerOf(platform)).toBe(200);

  expect(survivedIn(machine, platform)).toEqual(everyStateOf(machine));
  const { body } = await platform.ask('GET', `/apis/orders/deprecations/${restored.id}/events?limit=100`);
  const events = DeprecationEventPage.parse(body).items;
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_event, at) => at));
  const once = [
    'announced',
    'brownout_announced',
    'brownout_held',
    'extended',
    'consent_asked',
    'removed',
    'restored',
  ];
  expect(events.map(({ data }) => data.failure)).toContain('Runtime.ExitError');
  const types = events.map(({ type }) => type.replace('deprecation.', ''));
  expect(types.filter((type) => once.includes(type))).toEqual(once);
  const feed = await platform.ask('GET', '/apis/feed?limit=100');
  const told = z.object({ items: z.array(z.object({ id: z.string() })) }).parse(feed.body).items;
  expect(told.map(({ id }) => id).toSorted()).toEqual([...new Set(told.map(({ id }) => id))].toSorted());
}, 300_000);
