import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RouteChanged, RouteHeld } from '#gateway/errors.ts';
import { findRoute, putRoute, removeRoute, shiftRoute } from '#gateway/routes/record.ts';
import { type Route, RouteSettings } from '#gateway/schemas.ts';
import { createGateway } from '#gateway/serving/gateway.ts';
import { readyRoute } from '#gateway/serving/ready-route.ts';
import * as requests from '#gateway/serving/request.ts';
import { routeCache } from '#gateway/serving/route-cache.ts';
import { readTraffic } from '#gateway/traffic/store.ts';
import { forgetClients } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { recordsTable } from '../capabilities/parts.ts';
import { systemClock } from '../clock.ts';
import { createDynamodb, type Dynamodb } from '../dynamodb/dynamodb.ts';
import { setEnvironment } from '../environment.ts';
import { type GatewayServer, startGateway } from './gateway.ts';

let directory: string;
let dynamodb: Dynamodb;
let gateway: GatewayServer;
let restore = () => {};
/** While it is set, no route can be read. */
let unreachable = false;
const servers: Server[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'theseus-gateway-'));
  dynamodb = createDynamodb({ directory, clock: systemClock() });
  await dynamodb.start();
  await dynamodb.createTables([recordsTable('gateway')]);
  forgetClients();
  restore = setEnvironment({
    THESEUS_ENVIRONMENT: 'local',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
    GATEWAY_TABLE: 'theseus-gateway',
  });
  const routes = routeCache(async (service) => {
    if (unreachable) throw new Error('no table');
    const route = await findRoute(service);
    return route === null ? null : readyRoute(route);
  });
  gateway = await startGateway({
    port: 0,
    load: async () => ({ ...requests, createGateway: () => createGateway({ routes }) }),
  });
});

afterAll(async () => {
  await gateway.stop();
  for (const server of servers) server.close().closeAllConnections();
  restore();
  forgetClients();
  await dynamodb.stop();
  await rm(directory, { recursive: true, force: true });
});

/** An instance of a service; its address. */
async function upstream(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}
const echo: RequestListener = async (received, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of received) chunks.push(chunk);
  response.setHeader('x-received', JSON.stringify(received.headers));
  response.end(`${received.method} ${received.url} ${Buffer.concat(chunks)}`);
};

let number = 0;
/** A route to a service of its own: versions with their instances, all percent to the first. */
async function routed(versions: Record<string, string[]>, more: object = {}): Promise<Route> {
  number += 1;
  const settings = RouteSettings.parse({
    targets: Object.entries(versions).map(([version, urls], at) => ({
      version,
      percent: at === 0 ? 100 : 0,
      target: { kind: 'http', urls },
    })),
    ...more,
  });
  return putRoute({ service: `shop-${number}`, settings, revision: 0, override: false, by: 'ada' });
}
const ask = (route: Pick<Route, 'service'>, path = '/', init: RequestInit = {}) =>
  fetch(`${gateway.url}/${route.service}${path}`, init);

describe('a request', () => {
  it('reaches its service with path, query, body and what follows it, and so does the response', async () => {
    const route = await routed({ '1.0.0': [`${await upstream(echo)}/base/`] });
    const answer = await ask(route, '/items/%C3%A4?a=1&a=2', {
      method: 'POST',
      body: 'hello',
      headers: { 'x-correlation-id': 'order-7' },
    });
    expect(await answer.text()).toBe('POST /base/items/%C3%A4?a=1&a=2 hello');
    expect(answer.headers.get('x-service-version')).toBe('1.0.0');
    expect(answer.headers.get('x-correlation-id')).toBe('order-7');
    expect(answer.headers.has('x-theseus-gateway')).toBe(false);
    const received = JSON.parse(answer.headers.get('x-received') ?? '{}');
    expect(received).toMatchObject({ 'x-correlation-id': 'order-7', 'content-length': '5' });
    expect(received.traceparent).toMatch(/^00-/);
    expect(received['x-forwarded-for']).toContain('127.0.0.1');
  });

  it('gets the beginning of its response before there is an end', async () => {
    let finish = () => {};
    const url = await upstream((_received, response) => {
      response.write('first');
      finish = () => response.end('last');
    });
    const answer = await ask(await routed({ '1.0.0': [url] }));
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe('first');
    finish();
    expect((await reader?.read())?.value).toBe('last');
  });

  it('with more than 6 MB is told another way', async () => {
    const route = await routed({ '1.0.0': [await upstream(echo)] });
    const body = await new Promise<string>((resolve, reject) => {
      const sent = request(`${gateway.url}/${route.service}/`, { method: 'PUT' }, (response) => {
        expect(response.statusCode).toBe(413);
        expect(response.headers['x-theseus-gateway']).toBe('PayloadTooLarge');
        response.setEncoding('utf8').once('data', resolve);
      });
      sent.on('error', reject).setHeader('content-length', 6 * 1_048_576 + 1);
      sent.flushHeaders();
    });
    expect(JSON.parse(body).action).toMatch(/presigned URL/);
  });

  it('without a token is refused where the route asks for one', async () => {
    const { createHash } = await import('node:crypto');
    const sha256 = [createHash('sha256').update('open sesame').digest('hex')];
    const route = await routed({ '1.0.0': [await upstream(echo)] }, { access: { kind: 'token', sha256 } });
    expect((await ask(route)).status).toBe(401);
    const answer = await ask(route, '/', { headers: { 'x-theseus-token': 'open sesame' } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-received')).not.toContain('sesame');
  });

  it('does not step out of the path of its service', async () => {
    const route = await routed({ '1.0.0': [`${await upstream(echo)}/base`] });
    const status = await new Promise((resolve) => {
      request(`${gateway.url}`, { path: `/${route.service}/%2e./admin` }, (response) => {
        resolve(response.resume().statusCode);
      }).end();
    });
    expect(status).toBe(400);
  });
});

describe('a service that fails', () => {
  const nobody = 'http://127.0.0.1:9';

  it('is 502 when nobody listens, and the version is named', async () => {
    const answer = await ask(await routed({ '1.0.0': [nobody] }));
    expect(answer.status).toBe(502);
    expect(answer.headers.get('x-theseus-gateway')).toBe('UpstreamUnreachable');
    expect(answer.headers.get('x-service-version')).toBe('1.0.0');
    expect(await answer.json()).toMatchObject({
      type: 'urn:theseus:problem:UpstreamUnreachable',
      status: 502,
    });
  });

  it('is 504 when it takes too long', async () => {
    const answer = await ask(await routed({ '1.0.0': [await upstream(() => {})] }, { timeoutMs: 60 }));
    expect(answer.status).toBe(504);
    expect(answer.headers.get('x-theseus-gateway')).toBe('UpstreamTimeout');
  });

  it('is tried at another instance when the request may be repeated', async () => {
    let refused = 0;
    const busy = await upstream((_received, response) => {
      refused += 1;
      response.writeHead(503).end();
    });
    const route = await routed({ '1.0.0': [busy, await upstream(echo)] });
    // Which instance comes first is chance: of ten requests some begin at the busy one.
    for (let at = 0; at < 10; at += 1) expect((await ask(route)).status).toBe(200);
    const alone = await routed({ '1.0.0': [busy] });
    refused = 0;
    expect((await ask(alone, '/', { method: 'POST', body: 'x' })).status).toBe(503);
    expect(refused).toBe(1);
    const headers = { 'idempotency-key': 'k1' };
    expect((await ask(alone, '/', { method: 'POST', body: 'x', headers })).status).toBe(503);
    expect(refused).toBe(3);
  });

  it('is not called any more when the breaker of the route has opened', async () => {
    let calls = 0;
    const url = await upstream((_received, response) => {
      calls += 1;
      response.writeHead(500).end();
    });
    const circuitBreaker = { minimumCalls: 3, openMs: 3_600_000, longestOpenMs: 3_600_000 };
    const route = await routed({ '1.0.0': [url] }, { circuitBreaker });
    let answer = await ask(route);
    for (let at = 0; at < 20 && answer.status === 500; at += 1) {
      await gateway.flush();
      answer = await ask(route);
    }
    expect(answer.status).toBe(503);
    expect(answer.headers.get('x-theseus-gateway')).toBe('CircuitOpen');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    const before = calls;
    expect((await ask(route)).status).toBe(503);
    expect(calls).toBe(before);
  });

  it('is not connected to where a name leads into a private network', async () => {
    // As somebody wrote it when the name led elsewhere.
    const route = await routed({ '1.0.0': [nobody] });
    const { writeItem, keys } = await import('#gateway/store.ts');
    const target = { kind: 'http', urls: ['http://10.0.0.1:80'] };
    const targets = [{ version: '1.0.0', percent: 100, target }];
    await writeItem(keys.route('inside'), { ...route, service: 'inside', targets });
    const answer = await ask({ service: 'inside' });
    expect(answer.status).toBe(502);
    expect(answer.headers.get('x-theseus-gateway')).toBe('UpstreamRefused');
  });

  it('breaks off for its client, too', async () => {
    const url = await upstream((_received, response) => {
      response.write('first', () => response.destroy());
    });
    const route = await routed({ '1.0.0': [url] });
    await expect(ask(route).then((answer) => answer.text())).rejects.toThrow();
  });
});

describe('a route', () => {
  it('copies requests that change nothing to another version', async () => {
    const seen: string[] = [];
    let arrived = () => {};
    const copied = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const shadow = await upstream(({ method, headers }) => {
      seen.push(`${method} ${headers['x-theseus-mirror']}`);
      arrived(); // and it never answers
    });
    const route = await routed(
      { '1.0.0': [await upstream(echo)], '1.1.0': [shadow] },
      { mirror: { version: '1.1.0', percent: 100 } },
    );
    expect((await ask(route, '/', { method: 'POST', body: 'x' })).status).toBe(200);
    expect((await ask(route)).status).toBe(200);
    await copied;
    expect(seen).toEqual(['GET true']);
  });

  it('is followed when its table cannot be reached, and missed when it was never read', async () => {
    const route = await routed({ '1.0.0': [await upstream(echo)] });
    const other = await routed({ '1.0.0': [await upstream(echo)] });
    expect((await ask(route)).status).toBe(200);
    unreachable = true;
    try {
      expect((await ask(route)).status).toBe(200);
      const answer = await ask(other);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('x-theseus-gateway')).toBe('RoutesUnreachable');
    } finally {
      unreachable = false;
    }
    expect((await ask({ service: 'nothing' })).status).toBe(404);
  });

  it('is changed of the revision that is there, and never beside a deployment', async () => {
    const url = await upstream(echo);
    const {
      service,
      revision: _r,
      heldBy: _h,
      updatedAt: _a,
      updatedBy: _b,
      ...settings
    } = await routed({
      '1.0.0': [url],
    });
    const put = { service, settings, revision: 1, override: false, by: 'ada' };
    expect((await putRoute(put)).revision).toBe(2);
    await expect(putRoute(put)).rejects.toThrow(RouteChanged);
    const shift = {
      service,
      deployment: 'dep_1',
      targets: settings.targets,
      canaries: [],
      done: false,
    };
    expect(await shiftRoute(shift)).toMatchObject({ revision: 3, heldBy: 'dep_1' });
    expect(await shiftRoute(shift)).toMatchObject({ revision: 3 });
    await expect(shiftRoute({ ...shift, deployment: 'dep_2' })).rejects.toThrow(RouteHeld);
    await expect(putRoute({ ...put, revision: 3 })).rejects.toThrow(RouteHeld);
    await expect(removeRoute(service, undefined)).rejects.toThrow(RouteHeld);
    const taken = await putRoute({
      ...put,
      settings: { ...settings, timeoutMs: 500 },
      revision: 3,
      override: true,
    });
    expect(taken).toMatchObject({ revision: 4, heldBy: 'dep_1' });
    // The deployment's own settings come from the route as it is now.
    const ended = await shiftRoute({ ...shift, done: true });
    expect(ended).toMatchObject({ revision: 5, heldBy: null, timeoutMs: 500 });
    await removeRoute(service, 5);
    expect(await findRoute(service)).toBeNull();
  });

  it.each([
    ['percent', { targets: [['1.0.0', 60, 'http://127.0.0.1:1']] }, /add up to 60/],
    ['a canary', { canaries: [{ version: '9.0.0', tenants: ['acme'] }] }, /9\.0\.0 is no target/],
    ['a mirror', { mirror: { version: '9.0.0', percent: 1 } }, /9\.0\.0 is no target/],
    ['metadata', { targets: [['1.0.0', 100, 'http://169.254.169.254']] }, /private network/],
    ['a private network', { targets: [['1.0.0', 100, 'https://10.1.2.3']] }, /private network/],
  ])(
    'with bad %s is refused and not stored',
    async (_what, { targets, ...more }: object & { targets?: unknown[][] }, why) => {
      const parsed = RouteSettings.parse({
        targets: (targets ?? [['1.0.0', 100, 'http://127.0.0.1:1']]).map(([version, percent, url]) => ({
          version,
          percent,
          target: { kind: 'http', urls: [url] },
        })),
        ...more,
      });
      const put = { service: 'refused', settings: parsed, revision: undefined, override: false, by: 'ada' };
      await expect(putRoute(put)).rejects.toThrow(why);
      expect(await findRoute('refused')).toBeNull();
    },
  );

  it('counts what came of its requests for each version', async () => {
    const route = await routed({
      '1.0.0': [await upstream(({ url }, response) => response.writeHead(url === '/bad' ? 500 : 404).end())],
    });
    const from = new Date(clock.now() - 60_000).toISOString();
    for (const path of ['/', '/', '/bad']) await ask(route, path);
    await gateway.flush();
    const windows = await readTraffic({
      service: route.service,
      versions: ['1.0.0', '1.1.0'],
      from,
      to: new Date(clock.now() + 1_000).toISOString(),
    });
    const sum = (of: (one: (typeof windows)[number]) => number) =>
      windows.reduce((total, one) => total + of(one), 0);
    expect(sum(({ requests }) => requests)).toBe(3);
    expect(sum(({ errors }) => errors)).toBe(1);
    expect(sum(({ latency }) => Object.values(latency).reduce((a, b) => a + b, 0))).toBe(3);
  });
});
