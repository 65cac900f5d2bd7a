import { createServer, type RequestListener, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { putApi } from '#gateway/apis/record.ts';
import { type ApiSketch, apiRoute } from '#gateway/apis/testing/api-route.ts';
import { readUsage } from '#gateway/apis/usage/read.ts';
import { putRoute } from '#gateway/routes/record.ts';
import { RouteSettings } from '#gateway/schemas.ts';
import * as gateways from '#gateway/serving/gateway.ts';
import * as requests from '#gateway/serving/request.ts';
import { setClock, systemClock } from '#platform/clock.ts';
import { startGatewayTable } from '../fixtures/gateway-table.ts';
import { type GatewayServer, startGateway } from './gateway.ts';

let closeTable: () => Promise<void>;
let gateway: GatewayServer;
let server: Server;
let url = '';
/** What the service answers; by itself it says what it received. */
let answer: RequestListener;

const echo: RequestListener = async (received, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of received) chunks.push(chunk);
  const { method, url: path, headers } = received;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(JSON.stringify({ method, path, headers, body: Buffer.concat(chunks).toString() }));
};

beforeAll(async () => {
  closeTable = await startGatewayTable();
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  gateway = await startGateway({ port: 0, load: async () => ({ ...requests, ...gateways }) });
});
afterAll(async () => {
  await gateway.stop();
  server.close().closeAllConnections();
  await closeTable();
});
beforeEach(() => {
  answer = echo;
});

/** Noon stands still: usage is counted by days and limits by minutes, and none ends within this test. */
const noon = Date.parse('2026-03-02T12:00:00Z');
const iso = () => new Date(noon).toISOString();
afterAll(setClock({ ...systemClock, now: () => noon, iso }));

let number = 0;
/** A service of its own with an API of its own; its name is that of both. */
async function served(sketch: ApiSketch = {}): Promise<string> {
  number += 1;
  const service = `shop-${number}`;
  const target = { kind: 'http', urls: [url] };
  const settings = RouteSettings.parse({ targets: [{ version: '1.0.0', percent: 100, target }] });
  await putRoute({ service, settings, revision: 0, override: false, by: 'ada' });
  await putApi(apiRoute({ api: service, service, usage: { sample: 1, fields: true }, ...sketch }));
  return service;
}

const ask = async (service: string, path = '/', init: RequestInit = {}) => {
  const response = await fetch(`${gateway.url}/${service}${path}`, init);
  const text = await response.text();
  const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '');
  const body = isJson ? JSON.parse(text) : text;
  return { status: response.status, headers: Object.fromEntries(response.headers), body };
};
const usageOf = async (api: string) => {
  await gateway.flush();
  return readUsage({ api, from: from(0), to: from(1) });
};
const hour = 3_600_000;
const from = (ms: number) => new Date(noon + ms).toISOString();
const problem = (name: string) => `urn:theseus:problem:${name}`;

const deprecation = {
  at: '2026-01-01T00:00:00Z',
  sunset: '2040-01-01T00:00:00Z',
  guide: 'https://acme.test/guide',
  successor: '2.0.0',
};
const old = { version: '1.0.0', status: 'deprecated' as const, deprecation };
const newest = { version: '2.0.0' };

describe('a request to a service with an API', () => {
  it('is for the version it names, its consumer is pinned to, or the default, and the service learns which', async () => {
    const service = await served({ versions: [old, newest], pins: { till: '1.0.0' } });
    const named = await ask(service, '/orders', { headers: { 'api-version': '1', 'x-consumer': 'web' } });
    expect(named.headers).toMatchObject({ 'x-api-version': '1.0.0', vary: 'api-version, x-consumer' });
    expect(named.body.headers).toMatchObject({
      'x-api-version': '2.0.0',
      'x-api-requested-version': '1.0.0',
      'x-consumer': 'web',
    });
    const pinned = await ask(service, '/', { headers: { 'x-consumer': 'till' } });
    expect(pinned.headers['x-api-version']).toBe('1.0.0');
    const plain = await ask(service);
    expect(plain.headers['x-api-version']).toBe('2.0.0');
    expect(plain.headers.deprecation).toBeUndefined();
    const unknown = await ask(service, '/', { headers: { 'api-version': '7' } });
    expect(unknown).toMatchObject({
      status: 400,
      body: { type: problem('ApiVersionUnknown'), evidence: { versions: ['1.0.0', '2.0.0'] } },
    });
  });

  it('says in the path, the query or the media type which, and the service does not see it', async () => {
    const versions = [old, newest];
    const byPath = await served({ versions, choice: { by: 'path', template: '/v{version}' } });
    const path = await ask(byPath, '/v1/orders/7?a=1');
    expect(path.body.path).toBe('/orders/7?a=1');
    expect(path.headers.link).toContain('<../../v2.0.0/orders/7?a=1>; rel="successor-version"');
    expect(path.headers.vary).toBeUndefined();
    const byQuery = await served({ versions, choice: { by: 'query', name: 'v' } });
    const query = await ask(byQuery, '/orders?v=1.0.0&a=1');
    expect(query.body.path).toBe('/orders?a=1');
    expect(query.headers.link).toContain('<?a=1&v=2.0.0>; rel="successor-version"');
    const byType = await served({
      versions,
      choice: { by: 'media-type', template: 'application/vnd.a.v{version}+json' },
    });
    const mine = 'application/vnd.a.v1.0.0+json';
    const type = await ask(byType, '/', {
      method: 'POST',
      body: '{}',
      headers: { accept: mine, 'content-type': mine },
    });
    expect(type.body.headers).toMatchObject({
      accept: 'application/json',
      'content-type': 'application/json',
    });
    expect(type.headers).toMatchObject({ 'content-type': `${mine}; charset=utf-8`, vary: 'accept' });
  });

  it('is told what goes away: its version, its endpoint, a field that it used, and what the service says itself', async () => {
    const at = '2025-12-01T00:00:00Z';
    const deprecatedElements = [
      {
        endpoint: 'GET /orders/{}',
        at,
        link: 'https://acme.test/orders',
        refuseNewConsumers: false,
        knownConsumers: [],
      },
      { endpoint: 'POST /orders', field: '/lines/*/gift', at, refuseNewConsumers: false, knownConsumers: [] },
      { endpoint: 'POST /orders', field: '/expand', at, refuseNewConsumers: false, knownConsumers: [] },
    ];
    const service = await served({ versions: [old, { ...newest, deprecatedElements }] });
    const version = { 'api-version': '1.0.0' };
    expect((await ask(service, '/', { headers: version })).headers).toMatchObject({
      deprecation: '@1767225600',
      sunset: 'Sun, 01 Jan 2040 00:00:00 GMT',
      link: '<https://acme.test/guide>; rel="deprecation", <https://acme.test/guide>; rel="sunset"',
    });
    const element = '@1764547200';
    expect((await ask(service, '/orders/7')).headers.deprecation).toBe(element);
    const post = async (body: unknown, query = '') =>
      (
        await ask(service, `/orders${query}`, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        })
      ).headers.deprecation;
    expect(await post({ lines: [{}, { gift: true }] })).toBe(element);
    expect(await post({ lines: [{}] })).toBeUndefined();
    expect(await post({}, '?expand=1')).toBe(element);
    answer = (_request, response) => response.setHeader('deprecation', 'Mon, 01 Dec 2025 00:00:00 GMT').end();
    expect((await ask(service, '/else')).headers.deprecation).toBe(element);
  });

  it('is refused when its version was removed, with the guide', async () => {
    const service = await served({ versions: [{ ...old, status: 'removed' }, newest] });
    expect(await ask(service, '/', { headers: { 'api-version': '1.0.0' } })).toMatchObject({
      status: 410,
      headers: { link: expect.stringContaining('<https://acme.test/guide>; rel="deprecation"') },
      body: {
        type: problem('ApiVersionRemoved'),
        evidence: { successor: '2.0.0', guide: 'https://acme.test/guide' },
      },
    });
  });

  it('is refused in a brownout, unless its consumer is exempt, and counted', async () => {
    const brownouts = [
      { id: 'b1', from: from(-hour), to: from(hour), status: 503 as const, exempt: ['till'] },
      { id: 'b0', from: from(-2 * hour), to: from(-hour), status: 410 as const, exempt: [] },
    ];
    const service = await served({ versions: [{ ...old, brownouts }, newest] });
    const as = (consumer: string) =>
      ask(service, '/', { headers: { 'api-version': '1', 'x-consumer': consumer } });
    const refused = await as('web');
    expect(refused).toMatchObject({
      status: 503,
      body: { type: problem('BrownedOut'), evidence: { brownout: 'b1' } },
    });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3_000);
    expect(refused.headers.link).toContain('rel="sunset"');
    expect((await as('till')).status).toBe(200);
    await as('web');
    const { refused: harm, usage } = await usageOf(service);
    expect(harm).toEqual([{ consumer: 'web', version: '1.0.0', brownout: 'b1', requests: 2 }]);
    expect(usage.consumers.find(({ consumer }) => consumer === 'web')?.endpoints).toMatchObject([
      { requests: 2, errors: 2 },
    ]);
  });

  it('is refused to consumers who are new to what goes away, and who asked in vain stays new', async () => {
    const removed = { endpoint: 'GET /gone', at: deprecation.at, removed: true };
    const closed = { refuseNewConsumers: true, knownConsumers: ['till'] };
    const element = {
      endpoint: 'POST /',
      field: '/gift',
      at: deprecation.at,
      link: 'https://acme.test/gift',
      ...closed,
    };
    const service = await served({
      versions: [
        { ...old, ...closed },
        { ...newest, deprecatedElements: [element, removed] },
      ],
    });
    const as = (consumer: string, init: RequestInit = {}, version = '1') =>
      ask(service, '/', {
        ...init,
        headers: { 'content-type': 'application/json', 'api-version': version, 'x-consumer': consumer },
      });
    expect(await as('web')).toMatchObject({
      status: 403,
      body: { type: problem('DeprecatedForNewConsumers'), evidence: { guide: 'https://acme.test/guide' } },
    });
    expect((await as('till')).status).toBe(200);
    const gift = { method: 'POST', body: '{"gift":1}' };
    expect(await as('web', gift, '2')).toMatchObject({
      status: 403,
      body: { action: 'Do without it: see https://acme.test/gift.' },
    });
    expect((await as('web', { ...gift, body: '{}' }, '2')).status).toBe(200);
    const gone = await ask(service, '/gone', { headers: { 'api-version': '2' } });
    expect(gone).toMatchObject({
      status: 410,
      headers: { deprecation: '@1767225600' },
      body: { type: problem('EndpointRemoved') },
    });
    const { usage } = await usageOf(service);
    expect(usage.consumers.map(({ consumer, version }) => `${consumer} ${version}`).sort()).toEqual([
      'anonymous 2.0.0',
      'till 1.0.0',
      'web 2.0.0',
    ]);
  });

  it('is held against its schema and its limit', async () => {
    const requestSchemas = {
      'POST /orders/{}': { type: 'object', required: ['sku'], properties: { n: { minimum: 1 } } },
    };
    const limits = [{ consumer: 'web', requestsPerMinute: 3 }];
    const service = await served({ versions: [old, { ...newest, requestSchemas }], limits });
    const post = (body: string | Buffer, more: Record<string, string> = {}) =>
      ask(service, '/orders/7', {
        method: 'POST',
        body: new Uint8Array(Buffer.from(body)),
        headers: { 'content-type': 'application/json', ...more },
      });
    expect(await post('{"n":0}')).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/body' }, { pointer: '/body/n', detail: 'must be >= 1' }] },
    });
    expect(await post('{')).toMatchObject({ status: 400, body: { type: problem('InvalidInput') } });
    expect((await post('{"sku":1}')).body.body).toBe('{"sku":1}');
    expect((await post(gzipSync('{"n":0}'), { 'content-encoding': 'gzip' })).status).toBe(400);
    const mine = { 'x-consumer': 'web' };
    for (let at = 0; at < 3; at += 1) expect((await ask(service, '/', { headers: mine })).status).toBe(200);
    const over = await ask(service, '/', { headers: mine });
    expect(over).toMatchObject({ status: 429, body: { evidence: { requestsPerMinute: 3 } } });
    expect(Number(over.headers['retry-after'])).toBeLessThanOrEqual(60);
  });

  it('and its fields are counted by consumer, version and endpoint', async () => {
    const service = await served({
      versions: [old, { ...newest, endpoints: ['POST /orders/{}', 'GET /x'] }],
    });
    answer = (request, response) => {
      request.resume();
      const body = gzipSync(JSON.stringify({ items: [{ id: 1 }, { name: 'a' }] }));
      response.writeHead(request.url === '/x' ? 404 : 200, {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      });
      response.end(body);
    };
    const headers = { 'x-consumer': 'web', 'content-type': 'application/json' };
    await ask(service, '/orders/abc?page=2', { method: 'POST', body: '{"a":{"b":1}}', headers });
    await ask(service, '/orders/def', { method: 'POST', body: '{"c":1}', headers });
    await ask(service, '/x', { headers });
    const { usage, days } = await usageOf(service);
    expect(days).toMatchObject([{ version: '2.0.0', requests: 3, consumers: 1 }]);
    expect(usage).toMatchObject({
      sampled: 2 / 3,
      consumers: [
        {
          consumer: 'web',
          version: '2.0.0',
          endpoints: expect.arrayContaining([
            {
              endpoint: 'POST /orders/{}',
              requests: 2,
              errors: 0,
              sent: ['/a/b', '/c', '/page'],
              received: ['/items/*/id', '/items/*/name'],
            },
            { endpoint: 'GET /x', requests: 1, errors: 1 },
          ]),
        },
      ],
    });
  });
});

it('of a GraphQL API counts the fields and the operations that clients ask for', async () => {
  const schema = 'type Query { orders: [Order] } type Order { id: ID total: Int }';
  const service = await served({ kind: 'graphql', versions: [{ version: '1.0.0', schema }] });
  const send = (query: string, consumer: string) =>
    ask(service, '/graphql', {
      method: 'POST',
      body: JSON.stringify({ query }),
      headers: { 'content-type': 'application/json', 'x-consumer': consumer },
    });
  await send('query Mine { orders { id } }', 'web');
  await send('query All { orders { id total } }', 'web');
  await send('query All { orders { id total } }', 'web');
  await send('query {', 'till');
  const { usage, operations } = await usageOf(service);
  const [web, till] = ['web', 'till'].map((name) =>
    usage.consumers.find(({ consumer }) => consumer === name),
  );
  expect(web?.types).toEqual(
    expect.arrayContaining([
      { type: 'Order', field: 'id', operations: 2, requests: 3 },
      { type: 'Order', field: 'total', operations: 1, requests: 2 },
    ]),
  );
  expect(till).toMatchObject({ endpoints: [{ requests: 1 }] });
  expect(till?.types).toBeUndefined();
  expect(operations.filter(({ consumer }) => consumer === 'web')).toEqual([
    { consumer: 'web', version: '1.0.0', operation: 'All', requests: 2 },
    { consumer: 'web', version: '1.0.0', operation: 'Mine', requests: 1 },
  ]);
});

const changes = [
  {
    id: 'total-is-an-object',
    description: 'The total has a currency',
    endpoints: ['POST /orders', 'GET /orders/{}', 'HEAD /orders/{}'],
    request: [
      { op: 'rename' as const, in: 'body' as const, at: '/lines/*/article', to: 'sku' },
      { op: 'rename' as const, in: 'query' as const, at: '/expand', to: 'include' },
      { op: 'rename' as const, in: 'headers' as const, at: '/x-old', to: 'x-new' },
    ],
    response: [
      { op: 'rename' as const, in: 'body' as const, at: '/lines/*/article', to: 'sku' },
      {
        op: 'wrap' as const,
        at: '/total',
        as: 'object' as const,
        property: 'amount',
        with: { currency: 'EUR' },
      },
    ],
    errors: [{ op: 'status' as const, from: 404, to: 410 }],
  },
];
const json = { 'content-type': 'application/json' };
const oldVersion = { 'api-version': '1.0.0' };
const order = { lines: [{ sku: 'a' }], total: { amount: 5, currency: 'EUR' } };

describe('a service that knows the newest version only', () => {
  const chained = () => served({ versions: [{ ...old, changes }, newest] });
  const replies = (status: number, headers: Record<string, string>, body: string | Buffer) => {
    answer = (request, response) => {
      request.resume();
      response.writeHead(status, headers).end(body);
    };
  };

  it('gets requests of older versions as its own, in body, query and headers', async () => {
    const service = await chained();
    const seen: unknown[] = [];
    answer = async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      seen.push([request.url, request.headers['x-new'], Buffer.concat(chunks).toString()]);
      expect(Number(request.headers['content-length'])).toBe(Buffer.concat(chunks).length);
      expect(request.headers['content-encoding']).toBeUndefined();
      response.end();
    };
    const body = { lines: [{ article: 'ä', article2: 1 }] };
    const init = { method: 'POST', headers: { ...json, ...oldVersion, 'x-old': 'y' } };
    await ask(service, '/orders?expand=a&expand=b%20c&z=1', { ...init, body: JSON.stringify(body) });
    const packed = new Uint8Array(gzipSync(JSON.stringify(body)));
    await ask(service, '/orders', {
      ...init,
      headers: { ...init.headers, 'content-encoding': 'gzip' },
      body: packed,
    });
    const raised = '{"lines":[{"sku":"ä","article2":1}]}';
    expect(seen).toEqual([
      ['/orders?include=a&include=b%20c&z=1', 'y', raised],
      ['/orders', 'y', raised],
    ]);
    const misfit = await ask(service, '/orders', { ...init, body: '{"lines":[7]}' });
    expect(misfit).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/body/lines/0' }], evidence: { change: 'total-is-an-object' } },
    });
    const text = { ...init, headers: { ...init.headers, 'content-type': 'text/csv' }, body: 'a;b' };
    expect((await ask(service, '/orders', text)).body.type).toBe(problem('UnsupportedMediaType'));
    expect(seen.length).toBe(2);
  });

  it('has its answers changed into the version asked for, compressed or not, with a length and a tag of their own', async () => {
    const service = await chained();
    const lowered = { lines: [{ article: 'a' }], total: 5 };
    replies(200, { ...json, etag: '"x"', 'accept-ranges': 'bytes' }, JSON.stringify(order));
    const plain = await ask(service, '/orders/7', { headers: oldVersion });
    expect(plain).toMatchObject({
      status: 200,
      body: lowered,
      headers: { etag: '"x;v=1.0.0"', 'content-length': String(JSON.stringify(lowered).length) },
    });
    expect(plain.headers['accept-ranges']).toBeUndefined();
    replies(200, { ...json, 'content-encoding': 'gzip' }, gzipSync(JSON.stringify(order)));
    const packed = await ask(service, '/orders/7', { headers: oldVersion });
    expect(packed.body).toEqual(lowered);
    expect(packed.headers['content-encoding']).toBeUndefined();
    const current = await ask(service, '/orders/7');
    expect(current.body).toEqual(order);
    const other = await ask(service, '/customers/7', { headers: oldVersion });
    expect(other.body).toEqual(order);
    answer = (request, response) =>
      response.writeHead(304, { etag: '"x"' }).end(String(request.headers['if-none-match']));
    const unchanged = await ask(service, '/orders/7', {
      headers: { ...oldVersion, 'if-none-match': 'W/"y;v=1.0.0", "x;v=1.0.0"' },
    });
    expect(unchanged).toMatchObject({ status: 304, headers: { etag: '"x;v=1.0.0"' } });
    answer = (request, response) =>
      response
        .writeHead(200, {
          ...json,
          'content-length': '99',
          'x-tags': String(request.headers['if-none-match']),
          'x-range': String(request.headers.range),
        })
        .end();
    const head = await ask(service, '/orders/7', {
      method: 'HEAD',
      headers: { ...oldVersion, 'if-none-match': '"x;v=1.0.0"', range: 'bytes=0-1' },
    });
    expect(head).toMatchObject({ status: 200, headers: { 'x-tags': '"x"', 'x-range': 'undefined' } });
    expect(head).not.toHaveProperty('headers.content-length');
  });

  it('has its errors changed too, and what is not JSON passed as it is', async () => {
    const service = await chained();
    replies(410, { 'content-type': 'application/problem+json' }, '{"title":"gone"}');
    expect(await ask(service, '/orders/7', { headers: oldVersion })).toMatchObject({
      status: 404,
      body: { title: 'gone' },
    });
    replies(200, { 'content-type': 'text/plain', etag: '"x"' }, '{"total":{"amount":5}}');
    expect(await ask(service, '/orders/7', { headers: oldVersion })).toMatchObject({
      body: '{"total":{"amount":5}}',
      headers: { etag: '"x"' },
    });
    replies(204, {}, '');
    expect((await ask(service, '/orders/7', { headers: oldVersion })).status).toBe(204);
  });

  it('is never answered by half of a document', async () => {
    const service = await chained();
    const failure = async () => {
      const { status, body } = await ask(service, '/orders/7', { headers: oldVersion });
      return [status, body.type];
    };
    replies(200, json, '{"total":');
    expect(await failure()).toEqual([502, problem('AnswerUnreadable')]);
    replies(200, { ...json, 'content-encoding': 'zstd' }, 'abc');
    expect(await failure()).toEqual([502, problem('AnswerUnreadable')]);
    replies(200, json, JSON.stringify({ total: 'x'.repeat(6 * 1_048_576) }));
    expect(await failure()).toEqual([502, problem('AnswerUnreadable')]);
    replies(
      200,
      { ...json, 'content-encoding': 'gzip' },
      gzipSync(JSON.stringify({ total: 'x'.repeat(7 * 1_048_576) })),
    );
    expect(await failure()).toEqual([502, problem('AnswerUnreadable')]);
    replies(200, json, '{"lines":[[]]}');
    expect(await failure()).toEqual([502, problem('TransformationFailed')]);
    answer = (request, response) => {
      request.resume();
      response.writeHead(200, { ...json, 'content-length': '100' }).write('{"total"');
      setImmediate(() => response.destroy());
    };
    expect(await failure()).toEqual([502, problem('UpstreamUnreachable')]);
  });

  it('may have changes that are programs, which are ended when they do not end; a new state of the API has new ones', async () => {
    const change = (source: string) => [
      {
        id: 'by-program',
        description: 'Totals are in cents, and the name is in capital letters',
        endpoints: 'all' as const,
        response: [
          { op: 'jsonata' as const, at: '/total', down: '$ / 100' },
          { op: 'typescript' as const, source },
        ],
      },
    ];
    const capitals =
      'export function response(document) { return { ...document, body: { ...document.body, name: document.body.name.toUpperCase() } }; }';
    const service = await served({ versions: [{ ...old, changes: change(capitals) }, newest] });
    replies(200, json, '{"total":500,"name":"ada"}');
    const lowered = await ask(service, '/', { headers: oldVersion });
    expect(lowered.body).toEqual({ total: 5, name: 'ADA' });
    const endless = 'export function response() { for (;;); }';
    const put = { api: service, service, versions: [{ ...old, changes: change(endless) }, newest] };
    await putApi(apiRoute({ ...put, revision: 2 }));
    // The route in memory is that of before for a second, by a clock that goes on.
    const answered = async () => (await ask(service, '/', { headers: oldVersion })).body.type;
    await expect.poll(answered, { timeout: 30_000 }).toBe(problem('TransformationFailed'));
    expect((await ask(service)).status).toBe(200);
    const broken = change('export function response( {');
    await expect(
      putApi(apiRoute({ ...put, revision: 3, versions: [{ ...old, changes: broken }, newest] })),
    ).rejects.toMatchObject({
      name: 'InvalidInput',
      problems: [{ pointer: expect.stringMatching('^/versions/0/changes/0/response/') }],
    });
  });
});
