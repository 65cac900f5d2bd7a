import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { services } from '#local/capabilities/services.ts';
import { shiftableClock } from '#local/clock.ts';
import { type Cloud, startCloud } from '#local/cloud.ts';
import { callFunction } from '#platform/call.ts';
import { recordRights } from '../infrastructure/recorded-rights.ts';
import { stopAll } from './harness.ts';
import { sendTo } from './send.ts';

let cloud: Cloud;
let directory: string;
const clock = shiftableClock();
const rights = recordRights([{ ...services, schedules: [] }]);
const events: { type: string; detail: unknown }[] = [];

beforeAll(async () => {
  // One platform runs in a process at a time.
  await stopAll();
  directory = await mkdtemp(join(tmpdir(), 'theseus-services-'));
  cloud = await startCloud({
    directory,
    capabilities: rights.capabilities,
    port: 0,
    survives: 'process',
    clock,
  });
  rights.started();
  cloud.events.listen({ source: ['theseus.services'] }, (event) => {
    events.push({ type: event['detail-type'], detail: event.detail });
  });
});
afterAll(async () => {
  await cloud.stop();
  await rm(directory, { recursive: true, force: true });
  rights.check();
});

const send = (method: string, path: string, body?: unknown) => sendTo(cloud, method, path, body);
const register = (service: string, body: object) => send('POST', `/services/${service}/versions`, body);
/** As another capability asks. */
const ask = (name: string, payload: unknown) =>
  callFunction({ variable: `SERVICES_${name}_FUNCTION`, payload, answer: z.unknown(), waitMs: 55_000 });
const problem = (name: string) => `urn:theseus:problem:${name}`;
const endpoint = (path: string, more: object = {}) => ({ method: 'GET', path, ...more });
const order = (properties: object, required: string[] = []) => ({ type: 'object', properties, required });
const price = { price: { type: 'number' } };

/** What a version of orders promises. */
const contract = (...endpoints: object[]) => ({ endpoints });
const first = contract(endpoint('/orders/{id}', { output: order(price, ['price']) }), endpoint('/customers'));

describe('versions of services', () => {
  it('are registered once, and the same again answers the same', async () => {
    const body = {
      version: '1.0.0',
      endpoints: [{ url: 'http://127.0.0.1:9001', zone: 'a' }],
      contract: first,
      dependencies: { billing: '^2.0.0' },
      configuration: { scaling: { minimum: 1, maximum: 3 }, flags: { fast: true } },
      labels: { tier: 'gold' },
    };
    const made = await register('orders', body);
    expect(made).toMatchObject({ status: 201, body: { service: 'orders', version: '1.0.0' } });
    expect(await register('orders', body)).toEqual({ status: 200, body: made.body });
    expect(await send('GET', '/services/orders/versions/1.0.0')).toEqual({ status: 200, body: made.body });
    const other = await register('orders', { ...body, labels: {}, endpoints: [] });
    expect(other.body).toMatchObject({
      status: 409,
      type: problem('VersionDiffers'),
      evidence: { differs: ['endpoints', 'labels'] },
    });
    expect(await send('GET', '/services')).toMatchObject({
      body: { items: [{ name: 'orders', versions: 1, latest: '1.0.0' }] },
    });
  });

  it.each([
    ['a version that is none', { version: 'v1' }, 400, 'InvalidInput'],
    ['a range that is none', { version: '2.0.0', dependencies: { billing: '^^1' } }, 400, 'InvalidInput'],
    [
      'a contract that is no JSON Schema',
      { version: '2.0.0', contract: contract(endpoint('/a', { output: { type: 'strnig' } })) },
      400,
      'InvalidInput',
    ],
    [
      'a private address',
      { version: '2.0.0', endpoints: [{ url: 'http://10.0.0.1' }] },
      400,
      'DestinationRefused',
    ],
    [
      'a metadata address',
      { version: '2.0.0', endpoints: [{ url: 'http://169.254.169.254' }] },
      400,
      'DestinationRefused',
    ],
    [
      'a URL with a query',
      { version: '2.0.0', endpoints: [{ url: 'http://127.0.0.1/?a=1' }] },
      400,
      'InvalidInput',
    ],
    ['what is accepted without a reason', { version: '2.0.0', accept: ['shop'] }, 400, 'InvalidInput'],
    ['an unknown field', { version: '2.0.0', weights: 1 }, 400, 'InvalidInput'],
  ])('refuse %s and keep nothing', async (_what, body, status, name) => {
    const answer = await register('orders', body);
    expect(answer.body).toMatchObject({ status, type: problem(name) });
    expect((await send('GET', '/services/orders/versions')).body.items).toHaveLength(1);
    expect((await register('matrix', { version: '1.0.0' })).status).toBe(400);
    expect((await send('GET', '/services')).body.items).toHaveLength(1);
  });

  it('say of a range which versions it has, page by page', async () => {
    for (const version of ['1.10.0', '1.2.0', '2.0.0-rc.1'])
      expect((await register('orders', { version, contract: first })).status).toBe(201);
    const list = async (query: string) => (await send('GET', `/services/orders/versions${query}`)).body;
    const page = await list('?limit=3');
    const rest = await list(`?limit=3&cursor=${page.nextCursor}`);
    const versions = [...page.items, ...rest.items].map(({ version }: { version: string }) => version);
    expect(versions).toEqual(['2.0.0-rc.1', '1.10.0', '1.2.0', '1.0.0']);
    expect((await list('?range=^1.2.0')).items).toHaveLength(2);
    expect((await list('?range=1.2.')).status).toBe(400);
    expect((await send('GET', '/services/orders')).body).toMatchObject({ versions: 4, latest: '1.10.0' });
  });

  it('are described to other capabilities', async () => {
    expect(await ask('DESCRIBE_VERSION', { service: 'orders', version: '1.0.0' })).toMatchObject({
      endpoints: [{ url: 'http://127.0.0.1:9001', zone: 'a' }],
      healthCheck: null,
      dependencies: { billing: '^2.0.0' },
      configuration: { flags: { fast: true } },
    });
    await expect(ask('DESCRIBE_VERSION', { service: 'orders', version: '9.0.0' })).rejects.toMatchObject({
      name: 'NotFound',
    });
  });
});

describe('who depends on a service', () => {
  const without = contract(endpoint('/orders/{id}', { output: order(price, ['price']) }));

  it('is named when a version would break them, with what shows it; nothing is stored', async () => {
    await register('shop', { version: '3.0.0', dependencies: { orders: '^1.0.0' } });
    const refused = await register('orders', { version: '1.11.0', contract: without });
    expect(refused.body).toMatchObject({
      status: 409,
      type: problem('ContractBreaks'),
      evidence: {
        demanded: '2.0.0',
        broken: [
          {
            service: 'shop',
            version: '3.0.0',
            range: '^1.0.0',
            builtAgainst: '1.0.0',
            changes: [{ rule: 'endpoint-removed' }],
          },
        ],
      },
    });
    expect((await send('GET', '/services/orders/versions/1.11.0')).status).toBe(404);
    // Outside of their range only the number has to say it.
    expect((await register('orders', { version: '2.0.0', contract: without })).status).toBe(201);
  });

  it('is shown a document that the new version may answer and the old one never did', async () => {
    const text = order({ price: { type: 'string' } }, ['price']);
    const changed = contract(endpoint('/orders/{id}', { output: text }), endpoint('/customers'));
    const refused = await register('orders', { version: '1.12.0', contract: changed });
    const [broken] = refused.body.evidence.broken;
    expect(broken).toMatchObject({ service: 'shop', version: '3.0.0' });
    expect(broken.changes).toMatchObject([
      { level: 'breaking', example: { acceptedBy: 'new', refusedBy: 'old' } },
    ]);
    expect(typeof broken.changes[0].example.document.price).toBe('string');
  });

  it('may be broken on purpose, with a reason that stays', async () => {
    const given = { version: '1.11.0', contract: without, reason: 'nobody calls it' };
    expect((await register('orders', { ...given, accept: ['shop'] })).body.type).toBe(
      problem('VersionTooLow'),
    );
    const accept = ['endpoint-removed'];
    expect(await register('orders', { ...given, accept })).toMatchObject({
      status: 201,
      body: { accepted: { what: accept, reason: 'nobody calls it' } },
    });
    const audit = await send('GET', '/services/audit?limit=1');
    expect(audit.body.items).toMatchObject([{ action: 'register_service', reason: 'nobody calls it' }]);
    expect((await send('DELETE', '/services/orders/versions/1.11.0')).status).toBe(204);
  });

  it('keeps the last version in its range', async () => {
    await register('search', { version: '1.0.0', dependencies: { orders: '1.2.x' } });
    const refused = await send('DELETE', '/services/orders/versions/1.2.0');
    expect(refused.body).toMatchObject({
      status: 409,
      type: problem('VersionNeeded'),
      evidence: { dependants: [{ service: 'search', version: '1.0.0', range: '1.2.x' }] },
    });
    expect((await send('DELETE', '/services/orders/versions/1.2.0?force=true')).status).toBe(400);
    expect((await send('GET', '/services/orders/versions/1.2.0')).status).toBe(200);
    const forced = await send('DELETE', '/services/orders/versions/1.2.0?force=true&reason=unused');
    expect(forced.status).toBe(204);
    expect((await send('GET', '/services/audit?limit=1')).body.items).toMatchObject([{ reason: 'unused' }]);
    expect((await send('DELETE', '/services/search')).body.type).toBe(problem('ServiceInUse'));
    expect((await send('DELETE', '/services/search/versions/1.0.0')).status).toBe(204);
    expect((await send('DELETE', '/services/search')).status).toBe(204);
  });

  it('is told to other capabilities before one version takes the place of another', async () => {
    const compare = (from: string | null, to: string) =>
      ask('COMPARE_VERSIONS', { service: 'orders', from, to });
    expect(await compare('1.0.0', '2.0.0')).toMatchObject({
      compatible: false,
      bump: 'major',
      changes: [{ rule: 'endpoint-removed' }, { rule: 'dependency-removed' }],
      broken: [{ service: 'shop', version: '3.0.0', range: '^1.0.0' }],
    });
    expect(await compare(null, '1.10.0')).toEqual({
      compatible: true,
      bump: 'none',
      changes: [],
      broken: [],
    });
  });
});

describe('instances', () => {
  const at = '/services/orders/versions/1.0.0/instances';
  const probe = () => cloud.lambda.invoke('services-probe-instances', {});
  /** Answers probes. */
  let status = 200;
  let server: Server;
  let url = '';
  const healthCheck = { path: '/health', intervalSeconds: 60, healthyAfter: 1, unhealthyAfter: 2 };
  beforeAll(async () => {
    server = createServer((_request, response) => response.writeHead(status).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  });
  afterAll(() => server.close());

  const found = async (query: string, service = 'orders') =>
    (await send('GET', `/services/${service}/discover?${query}`)).body.items.map(
      (one: { url: string }) => one.url,
    );

  it('are found while their lease runs, and no longer', async () => {
    const made = await send('POST', at, { url, zone: 'b', leaseSeconds: 300, labels: { role: 'reader' } });
    expect(made).toMatchObject({ status: 201, body: { kind: 'registered', zone: 'b', expired: false } });
    const again = await send('POST', at, { url, zone: 'c', leaseSeconds: 300, labels: { role: 'reader' } });
    expect(again).toMatchObject({ status: 200, body: { id: made.body.id, zone: 'c' } });
    expect(await found('label=role=reader')).toEqual([url]);
    expect(await found('label=role=reader&label=tier=silver')).toEqual([]);
    await clock.advance(200_000);
    const beat = await send('PUT', `${at}/${made.body.id}/heartbeat`, { load: 0.4 });
    expect(beat.status).toBe(200);
    await clock.advance(200_000);
    expect((await send('GET', '/services/orders/discover?label=role=reader')).body.items).toMatchObject([
      { url, load: 0.4 },
    ]);
    await send('PUT', `${at}/${made.body.id}/heartbeat`, { inFlight: 3, draining: true });
    expect(await found('label=role=reader')).toEqual([]);
    expect(await found('label=role=reader&health=any')).toEqual([url]);
    await clock.advance(301_000);
    expect(await found('label=role=reader&health=any')).toEqual([]);
    expect((await send('GET', at)).body.items).toHaveLength(2);
    await clock.advance(61_000);
    await probe();
    expect((await send('GET', at)).body.items).toMatchObject([{ kind: 'static' }]);
    const late = await send('PUT', `${at}/${made.body.id}/heartbeat`, {});
    expect(late.body).toMatchObject({ status: 404, action: expect.stringContaining('Register it again') });
  });

  it.each([
    ['a lease that is too short', { url: 'http://127.0.0.1:1', leaseSeconds: 9 }, 400, 'InvalidInput'],
    ['a private address', { url: 'http://192.168.1.1', leaseSeconds: 30 }, 400, 'DestinationRefused'],
    ['a static endpoint', { url: 'http://127.0.0.1:9001', leaseSeconds: 30 }, 409, 'InstanceIsStatic'],
  ])('are refused with %s', async (_what, body, refused, name) => {
    expect((await send('POST', at, body)).body).toMatchObject({ status: refused, type: problem(name) });
    expect((await send('GET', at)).body.items).toHaveLength(1);
  });

  it('are probed, and each change of their health is an event', async () => {
    const endpoints = [{ url }];
    await register('clinic', { version: '1.0.0', healthCheck, endpoints, labels: { tier: 'gold' } });
    expect(await found('', 'clinic')).toEqual([]);
    await probe();
    expect(await found('label=tier=gold', 'clinic')).toEqual([url]);
    status = 500;
    for (let minute = 0; minute < 2; minute += 1) {
      expect(await found('', 'clinic')).toEqual([url]);
      await clock.advance(60_000);
      await probe();
    }
    expect(await found('health=not_failing', 'clinic')).toEqual([]);
    const [shown] = (await send('GET', '/services/clinic/versions/1.0.0/instances')).body.items;
    expect(shown.health).toMatchObject({ status: 'failing', detail: 'Expected 200, found 500' });
    status = 200;
    await clock.advance(60_000);
    await probe();
    expect(await found('', 'clinic')).toEqual([url]);
    // Nothing is due: nothing is asked.
    expect(await probe()).toMatchObject({ payload: { probed: 0, expired: 0 } });
    const about = { service: 'clinic', version: '1.0.0', url };
    expect(events.slice(-3)).toMatchObject([
      { type: 'instance.passing', detail: { ...about, was: 'unknown', sequence: 0 } },
      { type: 'instance.failing', detail: { ...about, was: 'passing', sequence: 1 } },
      { type: 'instance.passing', detail: { ...about, was: 'failing', sequence: 2 } },
    ]);
    expect(events[0]).toMatchObject({ type: 'instance.expired', detail: { service: 'orders' } });
  });
});

describe('consumers', () => {
  const contractOfShop = { endpoints: [{ method: 'GET', path: '/orders/{order}', reads: ['/price'] }] };

  it('find only versions that they go on with', async () => {
    const put = (body: object) => send('PUT', '/services/orders/consumers/kiosk', body);
    const set = await put({ range: '>=1', contract: { ...contractOfShop, builtAgainst: '1.0.0' } });
    // 2.0.0 lacks /customers, which it does not use.
    expect(set).toMatchObject({ status: 200, body: { versions: ['1.0.0', '1.10.0', '2.0.0'] } });
    const other = contract(endpoint('/customers'));
    await register('orders', { version: '3.0.0', contract: other, accept: ['kiosk'], reason: 'it moves' });
    for (const version of ['2.0.0', '3.0.0'])
      await send('POST', `/services/orders/versions/${version}/instances`, {
        url: `http://127.0.0.1:${version.replaceAll('.', '')}`,
        leaseSeconds: 3_600,
      });
    const answer = await send('GET', '/services/orders/discover?range=>=2&consumer=kiosk');
    expect(answer.body).toMatchObject({
      items: [{ version: '2.0.0' }],
      excluded: [{ version: '3.0.0' }],
    });
    expect((await send('GET', '/services/orders/discover?range=>=2')).body.items).toHaveLength(2);
    expect((await send('GET', '/services/orders/discover?consumer=nobody')).status).toBe(404);
    expect(
      (await put({ range: '>=1', contract: { ...contractOfShop, service: 'shop' } })).body,
    ).toMatchObject({
      status: 400,
      errors: [{ pointer: '/body/contract/service' }],
    });
  });

  it('are asked about before anything is registered', async () => {
    const other = contract(endpoint('/customers'));
    const dry = await send('POST', '/services/orders/compatibility', {
      version: '1.11.0',
      contract: other,
    });
    expect(dry.body).toMatchObject({
      from: '1.10.0',
      to: '1.11.0',
      compatible: false,
      number: { enough: false, demanded: '2.0.0' },
    });
    const broken = dry.body.broken.map(({ service }: { service: string }) => service);
    expect(broken.toSorted()).toEqual(['kiosk', 'shop']);
    expect((await send('GET', '/services/orders/versions/1.11.0')).status).toBe(404);
    expect((await send('GET', '/services/orders/compatibility?from=1.0.0&to=1.10.0')).body).toMatchObject({
      compatible: true,
      broken: [],
    });
    expect((await send('GET', '/services/orders/compatibility?to=9.9.9')).status).toBe(404);
    // Whatever version of a consumer that is no service.
    expect(await ask('COMPARE_VERSIONS', { service: 'orders', from: '2.0.0', to: '3.0.0' })).toMatchObject({
      broken: [{ service: 'kiosk', version: '*', range: '>=1' }],
    });
  });

  it('stand in the matrix with the versions they go on with', async () => {
    const { body } = await send('GET', '/services/matrix?service=orders');
    expect(body).toMatchObject({
      complete: true,
      rows: expect.arrayContaining([
        expect.objectContaining({
          dependant: 'shop',
          version: '3.0.0',
          dependency: 'orders',
          range: '^1.0.0',
          candidates: [
            { version: '1.0.0', compatible: true, breaking: [] },
            { version: '1.10.0', compatible: true, breaking: [] },
          ],
        }),
      ]),
    });
    expect((await send('DELETE', '/services/orders/consumers/kiosk')).status).toBe(204);
    expect((await send('GET', '/services/orders/consumers')).body.items).toEqual([]);
  });
});

it('AWS Cloud Map is refused on a laptop', async () => {
  for (const verb of ['export', 'import']) {
    const refused = await send('POST', `/services/cloud-map/${verb}`, { namespace: 'shop' });
    expect(refused.body).toMatchObject({ status: 422, type: problem('CloudMapUnavailable') });
  }
});
