import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { apis } from '#local/capabilities/apis.ts';
import { gateway } from '#local/capabilities/gateway.ts';
import { shiftableClock } from '#local/clock.ts';
import { type Cloud, startCloud } from '#local/cloud.ts';
import { callFunction } from '#platform/call.ts';
import { stopAll } from './harness.ts';
import { sendTo } from './send.ts';

let cloud: Cloud;
let directory: string;
const clock = shiftableClock();
const events: { type: string; detail: unknown }[] = [];

beforeAll(async () => {
  // One platform runs in a process at a time.
  await stopAll();
  directory = await mkdtemp(join(tmpdir(), 'theseus-apis-'));
  cloud = await startCloud({
    directory,
    capabilities: [{ ...apis, schedules: [] }, gateway],
    port: 0,
    survives: 'process',
    clock,
  });
  cloud.events.listen({ source: ['theseus.apis'] }, (event) => {
    events.push({ type: event['detail-type'], detail: event.detail });
  });
});
afterAll(async () => {
  await cloud.stop();
  await rm(directory, { recursive: true, force: true });
});

const send = (method: string, path: string, body?: unknown) => sendTo(cloud, method, path, body);
const register = (api: string, body: object, query = '') =>
  send('POST', `/apis/${api}/versions${query}`, body);
const sweep = () =>
  callFunction({ variable: 'APIS_SWEEP_APIS_FUNCTION', payload: {}, answer: z.unknown(), waitMs: 55_000 });
const problem = (name: string) => `urn:theseus:problem:${name}`;

const order = (properties: object, required: string[] = []) => ({ type: 'object', properties, required });
const price = { price: { type: 'number' } };
/** A description of an API with these paths. */
const openapi = (paths: object, title = 'Orders') =>
  JSON.stringify({ openapi: '3.1.0', info: { title, version: '1' }, paths });
const answering = (schema: object) => ({
  responses: { 200: { description: 'It is there', content: { 'application/json': { schema } } } },
});
const first = openapi({ '/orders/{id}': { get: answering(order(price, ['price'])) } });
const second = openapi({
  '/orders/{id}': { get: answering(order(price, ['price'])) },
  '/orders': { get: answering({ type: 'array' }) },
});
const third = openapi({ '/orders': { get: answering({ type: 'array' }) } });

describe('an API', () => {
  it('is made once, changed, and its kind stays once it has versions', async () => {
    const settings = { kind: 'openapi', choice: { by: 'path', template: '/v{version}' } };
    expect(await send('PUT', '/apis/shop', settings)).toMatchObject({
      status: 201,
      body: { name: 'shop', kind: 'openapi', latest: null, versions: [], stability: 'stable' },
    });
    expect((await send('PUT', '/apis/shop', settings)).status).toBe(200);
    const named = await send('PUT', '/apis/shop', { ...settings, description: 'Sells' });
    expect(named).toMatchObject({ status: 200, body: { description: 'Sells' } });
    expect((await register('shop', { version: '1.0.0', description: first })).status).toBe(201);
    const other = await send('PUT', '/apis/shop', { ...settings, kind: 'graphql' });
    expect(other).toMatchObject({ status: 409, body: { evidence: { fixed: ['kind'] } } });
    const listed = await send('GET', '/apis');
    expect(listed.body.items).toContainEqual({
      name: 'shop',
      kind: 'openapi',
      service: null,
      versions: 1,
      latest: '1.0.0',
    });
    expect(await send('DELETE', '/apis/shop')).toMatchObject({
      status: 409,
      body: { type: problem('ApiInUse') },
    });
  });

  it('that is not one is refused, and nothing is stored', async () => {
    const wrong = [
      ['audit', { kind: 'openapi' }],
      ['Shop', { kind: 'openapi' }],
      ['bad', { kind: 'soap' }],
      ['bad', { kind: 'openapi', choice: { by: 'path', template: '/v' } }],
      ['bad', { kind: 'openapi', versioning: { scheme: 'date' }, defaultVersion: '1.0.0' }],
      [
        'bad',
        { kind: 'graphql', choice: { by: 'media-type', template: 'application/vnd.a.v{version}+json' } },
      ],
    ] as const;
    for (const [name, body] of wrong) {
      const answer = await send('PUT', `/apis/${name}`, body);
      expect(answer.status, JSON.stringify(body)).toBe(400);
    }
    expect((await send('GET', '/apis/bad')).status).toBe(404);
    const unknown = await send('PUT', '/apis/bad', { kind: 'openapi', defaultVersion: '1.0.0' });
    expect(unknown.status).toBe(404);
    expect((await send('GET', '/apis/bad')).status).toBe(404);
  });
});

describe('versions', () => {
  beforeAll(() => send('PUT', '/apis/orders', { kind: 'openapi' }));

  it('say with their number what changed, unless a person accepts it', async () => {
    expect((await register('orders', { version: '1.0.0', description: first })).body).toMatchObject({
      version: { version: '1.0.0', comparison: null, title: 'Orders' },
      comparison: { from: null },
      served: true,
    });
    const low = await register('orders', { version: '1.0.1', description: second });
    expect(low).toMatchObject({
      status: 409,
      body: { type: problem('VersionTooLow'), evidence: { demanded: '1.1.0', comparedWith: '1.0.0' } },
    });
    expect((await register('orders', { version: '1.1.0', description: second })).status).toBe(201);
    const broken = { version: '1.2.0', description: third };
    const breaking = await register('orders', broken);
    expect(breaking.body).toMatchObject({ type: problem('VersionTooLow'), evidence: { demanded: '2.0.0' } });
    const [{ rule }] = breaking.body.evidence.changes;
    expect((await register('orders', { ...broken, accept: [rule] })).status).toBe(400);
    const accepted = { ...broken, accept: [rule], reason: 'Nobody called it' };
    const tried = await register('orders', accepted, '?dryRun=true');
    expect(tried).toMatchObject({ status: 200, body: { version: null, refused: [] } });
    const made = await register('orders', accepted);
    expect(made).toMatchObject({
      status: 201,
      body: {
        version: { accepted: { what: [rule], reason: 'Nobody called it' }, comparison: { breaking: 1 } },
      },
    });
  });

  it('are registered once: the same again changes nothing, another description is refused', async () => {
    const again = await register('orders', { version: '1.1.0', description: second });
    expect(again).toMatchObject({ status: 200, body: { version: { version: '1.1.0' } } });
    const other = await register('orders', { version: '1.1.0', description: third });
    expect(other).toMatchObject({ status: 409, body: { type: problem('VersionDiffers') } });
  });

  it('come in order: a patch of an older line is fine, what is older otherwise must be said', async () => {
    expect((await register('orders', { version: '2.0.0', description: third })).status).toBe(201);
    const patch = openapi(JSON.parse(second).paths, 'Orders and more');
    expect(await register('orders', { version: '1.1.1', description: patch })).toMatchObject({
      status: 201,
      body: { comparison: { from: '1.1.0', bump: 'patch' } },
    });
    const late = { version: '0.9.0', description: first };
    expect((await register('orders', late)).body).toMatchObject({ type: problem('VersionOutOfOrder') });
    const tried = await register('orders', late, '?dryRun=true');
    expect(tried.body.refused).toMatchObject([{ name: 'VersionOutOfOrder' }]);
    const said = { ...late, accept: ['out-of-order'], reason: 'It was never written down' };
    expect((await register('orders', said)).status).toBe(201);
    const { items } = (await send('GET', '/apis/orders/versions')).body;
    expect(items.map(({ version }: { version: string }) => version)).toEqual([
      '2.0.0',
      '1.2.0',
      '1.1.1',
      '1.1.0',
      '1.0.0',
      '0.9.0',
    ]);
    expect((await send('GET', '/apis/orders')).body.latest).toBe('2.0.0');
  });

  it('may be dates, of which none lies before the newest', async () => {
    await send('PUT', '/apis/dated', { kind: 'openapi', versioning: { scheme: 'date' } });
    expect((await register('dated', { version: '1.0.0', description: first })).status).toBe(400);
    expect((await register('dated', { version: '2026-03-01', description: second })).status).toBe(201);
    // A break needs no number here: both are served.
    expect((await register('dated', { version: '2026-06-01', description: third })).body).toMatchObject({
      comparison: { compatible: false, number: null },
    });
    const past = { version: '2026-05-01', description: first, accept: ['out-of-order'], reason: 'x' };
    expect((await register('dated', past)).body).toMatchObject({ type: problem('VersionOutOfOrder') });
    expect((await register('dated', { version: '2026-02-30', description: first })).status).toBe(400);
  });

  it('are compared as they were registered', async () => {
    const found = await send('GET', '/apis/orders/compare?from=1.0.0&to=2.0.0');
    expect(found).toMatchObject({ status: 200, body: { compatible: false, bump: 'major', more: 0 } });
    const kept = await send('GET', '/apis/orders/versions/1.0.0/description');
    expect(kept.body.text).toBe(first);
    expect((await send('GET', '/apis/orders/compare?from=1.0.0&to=7.0.0')).status).toBe(404);
  });
});

describe('JSON Schemas', () => {
  it('are compared by a mode, against all that came before when it is transitive', async () => {
    await send('PUT', '/apis/notes', { kind: 'json-schema' });
    const schema = (properties: object, required: string[] = []) =>
      JSON.stringify({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        ...order(properties, required),
      });
    const accept = { accept: ['out-of-order'], reason: 'x' };
    const text = { text: { type: 'string' } };
    await register('notes', { version: '1.0.0', description: schema({ ...text, at: { type: 'number' } }) });
    await register('notes', { version: '2.0.0', description: schema(text), ...accept });
    await register('notes', { version: '3.0.0', description: schema({ ...text, at: { type: 'string' } }) });
    const by = async (mode: string, from: string) =>
      (await send('GET', `/apis/notes/compare?from=${from}&to=3.0.0&mode=${mode}`)).body.compatible;
    expect(await by('BACKWARD', '2.0.0')).toBe(true);
    expect(await by('BACKWARD_TRANSITIVE', '1.0.0')).toBe(false);
    expect((await send('GET', '/apis/dated/compare?from=2026-03-01&to=2026-06-01&mode=FULL')).status).toBe(
      400,
    );
  });
});

describe('a description', () => {
  beforeAll(() => send('PUT', '/apis/misused', { kind: 'openapi' }));
  const refused = async (description: string) => {
    const answer = await register('misused', { version: '1.0.0', description });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:\d/);
    return answer.body;
  };
  const deep = (levels: number) => `${'{"properties":{"a":'.repeat(levels)}{}${'}}'.repeat(levels)}`;

  it('that is none is refused with what is wrong and where, and nothing is stored', async () => {
    expect((await refused('{"openapi":')).detail).toContain('cannot be read');
    expect((await refused('just words')).detail).toContain('no object');
    await refused('{"swagger":"2.0"}');
    const dangling = openapi({ '/a': { get: answering({ $ref: '#/components/schemas/Gone' }) } });
    expect(JSON.stringify(await refused(dangling))).toContain('Gone');
    await refused(openapi({ '/a': { get: answering(JSON.parse(deep(150))) } }));
    expect((await send('GET', '/apis/misused')).body.versions).toEqual([]);
  });

  it('with names of prototypes is like any other', async () => {
    const odd = openapi({
      '/constructor/{__proto__}': {
        get: answering(
          JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"},"toString":{}}}'),
        ),
      },
    });
    await send('PUT', '/apis/constructor', { kind: 'openapi' });
    expect((await register('constructor', { version: '1.0.0', description: odd })).status).toBe(201);
    expect((await send('GET', '/apis/constructor')).body.latest).toBe('1.0.0');
  });

  it('that is too large for a request is uploaded', async () => {
    const text = openapi({
      '/a': { get: answering({ type: 'object', description: 'x'.repeat(2_000_000) }) },
    });
    const bytes = Buffer.byteLength(text);
    expect((await register('misused', { version: '1.0.0', description: text })).status).toBe(413);
    expect((await send('POST', '/apis/misused/uploads', { bytes: 20_000_001 })).status).toBe(400);
    const offered = await send('POST', '/apis/misused/uploads', { bytes });
    expect(offered.status).toBe(201);
    const { upload, url } = offered.body;
    const put = (to: string, body: string) => fetch(to, { method: 'PUT', body });
    expect((await register('misused', { version: '1.0.0', upload })).body).toMatchObject({
      type: problem('UploadIncomplete'),
    });
    expect((await put(url, 'less')).status).toBe(403);
    expect((await put(url.replace('/uploads/', '/apis/'), text)).status).toBe(403);
    expect((await put(url, text)).status).toBe(200);
    expect((await register('misused', { version: '1.0.0', upload })).status).toBe(201);
    expect((await register('misused', { version: '2.0.0', upload: 'upl_none' })).status).toBe(404);
  });
});

describe('consumers', () => {
  it('are pinned to a version, which then cannot go without a word', async () => {
    const consumer = { name: 'The shop', contacts: { emails: ['shop@example.com'] } };
    expect((await send('PUT', '/apis/orders/pins/web', { version: '1.0.0' })).status).toBe(404);
    expect((await send('PUT', '/apis/consumers/web', consumer)).status).toBe(200);
    expect((await send('PUT', '/apis/consumers/constructor', consumer)).status).toBe(200);
    expect((await send('PUT', '/apis/orders/pins/web', { version: '9.0.0' })).status).toBe(404);
    expect((await send('PUT', '/apis/orders/pins/web', { version: '0.9.0' })).status).toBe(200);
    expect((await send('PUT', '/apis/orders/pins/web', { version: '1.0.0' })).status).toBe(200);
    expect((await send('GET', '/apis/consumers/web')).body).toMatchObject({
      name: 'The shop',
      pins: { orders: '1.0.0' },
    });
    expect((await send('GET', '/apis/orders/pins')).body.items).toEqual([
      { consumer: 'web', version: '1.0.0' },
    ]);
    expect((await send('DELETE', '/apis/orders/pins/constructor')).status).toBe(204);
    const kept = await send('DELETE', '/apis/orders/versions/1.0.0');
    expect(kept).toMatchObject({ status: 409, body: { type: problem('VersionInUse') } });
    expect((await send('DELETE', '/apis/orders/versions/0.9.0')).status).toBe(204);
    expect((await send('DELETE', '/apis/consumers/web')).status).toBe(204);
    expect((await send('GET', '/apis/orders/pins')).body.items).toEqual([]);
    expect((await send('DELETE', '/apis/orders/versions/1.0.0')).status).toBe(204);
  });
});

describe('changes between versions', () => {
  const field = (name: string, schema: object = { type: 'string' }) =>
    openapi({ '/orders/{id}': { get: answering(order({ [name]: schema }, [name])) } });
  const rename = {
    id: 'customer-is-buyer',
    description: 'A customer is called buyer',
    endpoints: ['GET /orders/{}'],
    response: [{ op: 'rename', at: '/customer', to: 'buyer' }],
  };
  const upstream: { url: string; headers: IncomingHttpHeaders }[] = [];
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    server = createServer(({ url = '', headers }, response) => {
      upstream.push({ url, headers });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"buyer":"ada"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    await send('PUT', '/apis/sales', { kind: 'openapi', service: 'sales' });
    await send('PUT', '/gateway/routes/sales', {
      targets: [{ version: '2.0.0', percent: 100, target: { kind: 'http', urls: [origin] } }],
    });
    await register('sales', { version: '1.0.0', description: field('customer') });
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('are tried before they are taken: one that does not fit is refused with a document', async () => {
    const next = { version: '2.0.0', description: field('buyer') };
    const wrong = { ...rename, response: [{ op: 'rename', at: '/customer', to: 'client' }] };
    const refused = await register('sales', { ...next, changes: [wrong] });
    expect(refused).toMatchObject({ status: 409, body: { type: problem('TransformationWrong') } });
    expect(refused.body.evidence.failures[0]).toHaveProperty('document');
    const tried = await register('sales', { ...next, changes: [wrong] }, '?dryRun=true');
    expect(tried.body.refused).toMatchObject([{ name: 'TransformationWrong' }]);
    expect((await register('sales', { ...next, changes: [{ id: 'x' }] })).status).toBe(400);
    const elsewhere = { ...rename, endpoints: ['GET /gone'] };
    expect((await register('sales', { ...next, changes: [elsewhere] })).status).toBe(400);
    expect((await send('GET', '/apis/sales')).body.latest).toBe('1.0.0');

    const made = await register('sales', { ...next, changes: [rename] });
    expect(made).toMatchObject({ status: 201, body: { served: true } });
    const shown = await send('GET', '/apis/sales/versions/1.0.0/changes');
    expect(shown.body).toMatchObject({ from: '1.0.0', to: '2.0.0', changes: [rename] });
  });

  it('serve old consumers from the newest handlers, by version and by pin', async () => {
    const ask = async (headers: Record<string, string>) => {
      const response = await fetch(`${cloud.gatewayUrl}/sales/orders/7`, { headers });
      return [response.status, await response.json()];
    };
    expect(await ask({})).toEqual([200, { buyer: 'ada' }]);
    expect(await ask({ 'x-api-version': '1.0.0' })).toEqual([200, { customer: 'ada' }]);
    expect(upstream.at(-1)).toMatchObject({ url: '/orders/7', headers: { 'x-api-version': '2.0.0' } });
    await send('PUT', '/apis/consumers/kiosk', { name: 'Kiosk' });
    const pinned = await send('PUT', '/apis/sales/pins/kiosk', { version: '1.0.0' });
    expect(pinned.body.served).toBe(true);
    // The gateway looks for a newer state once a second.
    await expect
      .poll(() => ask({ 'x-consumer': 'kiosk' }), { timeout: 30_000 })
      .toEqual([200, { customer: 'ada' }]);
    const guide = await fetch(`${cloud.url}/apis/sales/documents/1.0.0..2.0.0/guide.md`, {
      headers: { authorization: `Bearer ${cloud.token}` },
    });
    expect(await guide.text()).toContain('A customer is called buyer');
  });

  it('are adopted, as data and as a picture', async () => {
    // The gateway writes what it counted now and then.
    await expect
      .poll(async () => (await send('GET', '/apis/sales/adoption')).body.versions, { timeout: 30_000 })
      .toMatchObject([
        {
          version: '1.0.0',
          consumers: expect.arrayContaining([expect.objectContaining({ consumer: 'kiosk' })]),
        },
        { version: '2.0.0', requests: expect.any(Number) },
      ]);
    const svg = await fetch(`${cloud.url}/apis/sales/adoption.svg`, {
      headers: { authorization: `Bearer ${cloud.token}` },
    });
    expect(svg.headers.get('content-type')).toBe('image/svg+xml');
    expect(await svg.text()).toContain('<desc');
  });

  it('are derived where they are mechanical, and what is open blocks until a person says so', async () => {
    const derived = await send('GET', '/apis/sales/versions/1.0.0/changes/derived');
    expect(derived.status).toBe(200);
    const other = { version: '3.0.0', description: field('total', { type: 'array' }), changes: 'derived' };
    const open = await register('sales', other);
    expect(open).toMatchObject({ status: 409, body: { type: problem('ChangesOpen') } });
    const accept = ['open-changes', 'round-trip'];
    expect((await register('sales', { ...other, accept, reason: 'Its handler does it' })).status).toBe(201);
    const set = await send('PUT', '/apis/sales/versions/2.0.0/changes', { changes: [] });
    expect(set).toMatchObject({ status: 200, body: { from: '2.0.0', to: '3.0.0', changes: [] } });
    expect((await send('PUT', '/apis/sales/versions/3.0.0/changes', { changes: [] })).status).toBe(409);
  });
});

describe('documents', () => {
  const read = async (path: string, accept?: string, token?: string) => {
    const response = await fetch(cloud.url + path, {
      headers: {
        ...(accept === undefined ? {} : { accept }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  it('say what changed and how to move, as Markdown and HTML, to the public only where it is allowed', async () => {
    const guide = await read('/apis/dated/documents/2026-03-01..2026-06-01/guide', 'text/html', cloud.token);
    expect(guide.headers.get('content-type')).toContain('text/html');
    expect(guide.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(guide.text).toContain('<h1>dated: from 2026-03-01 to 2026-06-01</h1>');
    expect(guide.text).toContain('GET /orders/{id}');
    const changes = await read(
      '/apis/dated/documents/2026-03-01..2026-06-01/changelog.md',
      undefined,
      cloud.token,
    );
    expect(changes.headers.get('content-type')).toContain('text/markdown');
    expect(changes.text).toContain('## Breaking changes (1)');
    expect((await read('/apis/dated/documents/1..2/other', undefined, cloud.token)).status).toBe(404);

    const open = '/apis/documents/dated/2026-03-01..2026-06-01/guide.html';
    expect((await read('/apis/dated/documents/2026-03-01..2026-06-01/guide')).status).toBe(401);
    expect((await read(open)).status).toBe(404);
    const settings = { kind: 'openapi', versioning: { scheme: 'date' }, publicDocuments: true };
    expect((await send('PUT', '/apis/dated', settings)).status).toBe(200);
    const shown = await read(open);
    expect(shown.status).toBe(200);
    expect(shown.text).toBe(guide.text);
    expect((await read('/apis/documents/constructor/1..2/guide')).status).toBe(404);
  });
});

describe('what happened', () => {
  it('is told once on the bus', async () => {
    await sweep();
    await sweep();
    const registered = events.filter(({ type }) => type === 'api.version-registered');
    const dated = registered.filter(({ detail }) => JSON.stringify(detail).includes('"api":"dated"'));
    expect(dated).toHaveLength(2);
    expect(dated.at(-1)?.detail).toMatchObject({ data: { version: '2026-06-01', compatible: false } });
  });
});
