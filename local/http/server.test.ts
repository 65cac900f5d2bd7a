import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request, Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { auditStore } from '#platform/audit.ts';
import { dynamodb, forgetClients } from '#platform/clients.ts';
import { clock as platformClock, systemClock as platformSystemClock, setClock } from '#platform/clock.ts';
import { Conflict } from '#platform/errors.ts';
import { httpApi } from '#platform/http.ts';
import { idempotencyStore } from '#platform/idempotency.ts';
import { pageOf, pageQuery } from '#platform/page.ts';
import { route } from '#platform/route.ts';
import { systemClock } from '../clock.ts';
import { createDynamodb, type Dynamodb } from '../dynamodb/dynamodb.ts';
import { byRole } from '../fixtures/by-role.ts';
import { createLambda } from '../lambda/runtime.ts';
import { type HttpServer, startHttp } from './server.ts';
import { ensureTokens, readTokens, tokenPath } from './tokens.ts';

const table = 'ships';
/** Calls of the handler that changes something, with a gate that holds them while a test wants it. */
const launched: { name: string; key: string | undefined }[] = [];
let gate: Promise<void> = Promise.resolve();

const ship = z.strictObject({ name: z.string().min(1), tons: z.number().int().positive() });
const api = httpApi({
  name: 'ships-api',
  root: '',
  info: { title: 'Ships', version: '1' },
  idempotency: () => idempotencyStore(table),
  access: byRole,
  audit: () => auditStore(table, 1),
  routes: [
    route({
      method: 'POST',
      path: '/ships',
      summary: 'Launch',
      needs: { action: 'operator', on: 'ship' },
      body: ship,
      responses: { 201: z.strictObject({ number: z.number() }) },
      handler: async ({ body, idempotencyKey }) => {
        await gate;
        if (body.name === 'taken')
          throw new Conflict('The name is taken', {
            evidence: { name: body.name },
            action: 'Choose another.',
          });
        if (body.name === 'bug') throw new TypeError('secret detail of a bug');
        launched.push({ name: body.name, key: idempotencyKey });
        return {
          status: 201,
          body: { number: launched.length },
          headers: { location: `/ships/${launched.length}` },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/ships',
      summary: 'List',
      needs: { action: 'viewer', on: 'ship' },
      query: pageQuery,
      responses: { 200: pageOf(z.strictObject({ limit: z.number() })) },
      handler: async ({ query }) => ({ status: 200, body: { items: [{ limit: query.limit }] } }),
    }),
    route({
      method: 'GET',
      path: '/ships/{id}',
      summary: 'Show',
      needs: { action: 'viewer', on: 'ship' },
      params: z.strictObject({ id: z.string().max(20) }),
      responses: { 200: z.strictObject({ id: z.string(), by: z.string() }) },
      handler: async ({ params, caller }) => ({ status: 200, body: { id: params.id, by: caller.subject } }),
    }),
    route({
      method: 'GET',
      path: '/ships/flagship',
      summary: 'The flagship',
      needs: { action: 'viewer', on: 'ship' },
      responses: { 200: z.strictObject({ flag: z.boolean() }) },
      handler: async () => ({ status: 200, body: { flag: true } }),
    }),
    route({
      method: 'POST',
      path: '/ships/{id}/approve',
      summary: 'Approve',
      needs: { action: 'approver', on: 'ship' },
      params: z.strictObject({ id: z.string() }),
      responses: { 204: z.undefined() },
      handler: async () => ({ status: 204, body: undefined }),
    }),
  ],
});

const tokens = [
  { token: 'token-of-the-operator', subject: 'olga', groups: ['theseus:local:operator'] },
  { token: 'token-of-the-viewer-0', subject: 'vera', groups: ['theseus:viewer', 'other'] },
  { token: 'token-of-a-stranger-0', subject: 'sten', groups: ['theseus:production:administrator'] },
];

let directory = '';
let database: Dynamodb;
let server: HttpServer;
const saved = { ...process.env };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'theseus-http-'));
  database = createDynamodb({ directory, clock: systemClock() });
  await database.start();
  await database.createTables([
    {
      TableName: table,
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    },
  ]);
  Object.assign(process.env, {
    THESEUS_ENVIRONMENT: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: database.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
  const lambda = createLambda({
    clock: systemClock(),
    functions: {
      'ships-api': { load: async () => ({ handler: api }), timeoutSeconds: 29 },
      raw: {
        load: async () => ({
          handler: async (event) => ({
            statusCode: 200,
            cookies: ['a=1', 'b=2'],
            isBase64Encoded: true,
            body: Buffer.from(JSON.stringify(event)).toString('base64'),
          }),
        }),
        timeoutSeconds: 5,
      },
      broken: { load: async () => Promise.reject(new Error('no such module')), timeoutSeconds: 5 },
    },
  });
  server = await startHttp({
    port: 0,
    lambda,
    clock: systemClock(),
    tokens,
    routes: [
      { prefix: '/', function: 'ships-api' },
      { prefix: '/raw', function: 'raw' },
      { prefix: '/broken', function: 'broken' },
    ],
    openRoutes: ['GET /openapi.json', 'GET /health'],
  });
});

afterAll(async () => {
  await server.stop();
  forgetClients();
  await database.stop();
  // Not another object in its place: whoever shares this process keeps hold of the first.
  for (const name of Object.keys(process.env)) if (!(name in saved)) delete process.env[name];
  Object.assign(process.env, saved);
  await rm(directory, { recursive: true, force: true });
});

async function call(
  method: string,
  path: string,
  options: { body?: unknown; text?: string; token?: string; headers?: Record<string, string> } = {},
) {
  const body = options.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const response = await fetch(server.url + path, {
    method,
    headers: {
      ...(options.token === ''
        ? {}
        : { authorization: `Bearer ${options.token ?? 'token-of-the-operator'}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  // Tests look into the answers by matching; what is not JSON becomes undefined.
  const json: unknown = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
}
const launch = (name: string, key: string, more: Record<string, unknown> = {}) =>
  call('POST', '/ships', { body: { name, tons: 5, ...more }, headers: { 'idempotency-key': key } });

describe('requests', () => {
  it('reach the handler through path, query and body', async () => {
    expect(await call('GET', '/ships/a%20%2Fb')).toMatchObject({
      status: 200,
      json: { id: 'a /b', by: 'olga' },
    });
    expect((await call('GET', '/ships/flagship')).json).toEqual({ flag: true });
    expect((await call('GET', '/ships?limit=7')).json).toEqual({ items: [{ limit: 7 }] });
    const created = await call('POST', '/ships', { body: { name: 'Argo', tons: 9 } });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toMatch(/^\/ships\/\d+$/);
    expect((await call('GET', '/ships', { headers: { 'content-type': 'text/plain' } })).status).toBe(200);
  });

  it('that are invalid name every field and reach no handler', async () => {
    const before = launched.length;
    const refused = await call('POST', '/ships?x=1', { body: { name: '', tons: 1.5, crew: 3 } });
    expect(refused.status).toBe(400);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(refused.json).toMatchObject({
      type: 'urn:theseus:problem:InvalidInput',
      title: 'Invalid input',
      status: 400,
      instance: expect.stringContaining(refused.headers.get('x-request-id') ?? 'none'),
      errors: [
        { pointer: '/query' },
        { pointer: '/body/name' },
        { pointer: '/body/tons' },
        { pointer: '/body/crew', detail: 'Unknown field' },
      ],
    });
    expect(launched.length).toBe(before);
    expect((await call('GET', `/ships/${'x'.repeat(21)}`)).json).toMatchObject({
      errors: [{ pointer: '/path/id' }],
    });
    expect((await call('GET', '/ships?limit=1&limit=2')).status).toBe(400);
    expect((await call('GET', '/ships/%zz')).status).toBe(400);
  });

  it.each([
    ['not JSON', { text: '{"a":' }, 400],
    ['another type', { text: 'a: 1', headers: { 'content-type': 'text/yaml' } }, 415],
    ['over 1 MiB', { body: { name: 'x'.repeat(1_100_000), tons: 1 } }, 413],
    ['over 6 MiB', { body: { name: 'x'.repeat(6_400_000), tons: 1 } }, 413],
    ['missing', {}, 400],
  ])('with a body that is %s are refused', async (_what, options, status) => {
    const refused = await call('POST', '/ships', options);
    expect(refused).toMatchObject({
      status,
      json: { status, type: expect.stringContaining('urn:theseus:problem:') },
    });
  });

  it('to nowhere get 404, with another method 405 and what is allowed', async () => {
    expect((await call('GET', '/boats')).status).toBe(404);
    const wrong = await call('DELETE', '/ships/a');
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('GET');
  });
});

describe('errors', () => {
  it('that are named keep evidence and action', async () => {
    expect((await call('POST', '/ships', { body: { name: 'taken', tons: 1 } })).json).toMatchObject({
      status: 409,
      type: 'urn:theseus:problem:Conflict',
      detail: 'The name is taken',
      evidence: { name: 'taken' },
      action: 'Choose another.',
      retryable: false,
    });
  });
  it('that are unknown tell nothing', async () => {
    const hidden = await call('POST', '/ships', { body: { name: 'bug', tons: 1 } });
    expect(hidden.status).toBe(500);
    expect(hidden.text).not.toMatch(/secret|TypeError|\.ts/);
    expect((await call('GET', '/broken')).text).toBe('{"message":"Internal Server Error"}');
  });
});

describe('callers', () => {
  it('without a known token get 401 problem details', async () => {
    for (const token of ['', 'wrong-token-wrong-token']) {
      const refused = await call('GET', '/ships', { token });
      expect(refused).toMatchObject({ status: 401, json: { status: 401 } });
      expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    }
  });
  it('need the role in this environment', async () => {
    expect((await call('GET', '/ships', { token: 'token-of-the-viewer-0' })).status).toBe(200);
    const refused = await call('POST', '/ships', {
      token: 'token-of-the-viewer-0',
      body: { name: 'a', tons: 1 },
    });
    expect(refused).toMatchObject({
      status: 403,
      json: { evidence: { needed: 'operator', roles: ['viewer'] } },
    });
    expect((await call('GET', '/ships', { token: 'token-of-a-stranger-0' })).status).toBe(403);
    expect((await call('POST', '/ships/a/approve')).status).toBe(403);
  });
  it('may read health and the OpenAPI document without a token', async () => {
    expect(await call('GET', '/health', { token: '' })).toMatchObject({
      status: 200,
      json: { status: 'ok' },
    });
    expect(await call('GET', '/openapi.json', { token: '' })).toMatchObject({
      status: 200,
      json: { openapi: '3.1.0' },
    });
    expect((await call('POST', '/health', { token: '' })).status).toBe(401);
  });
  it('that came through another host name are refused', async () => {
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${server.url}/health`, { headers: { host: 'evil.example:80' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject).end();
    });
    expect(status).toBe(403);
  });
});

describe('the same Idempotency-Key', () => {
  it('gets the first answer and does nothing again', async () => {
    const first = await launch('Once', 'key-1');
    const second = await launch('Once', 'key-1');
    expect(second).toMatchObject({ status: 201, json: first.json });
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(launched.filter(({ key }) => key === 'key-1')).toHaveLength(1);
  });

  it('with another body is refused, for another caller it is another key', async () => {
    await launch('First', 'key-2');
    expect(await launch('Second', 'key-2')).toMatchObject({
      status: 422,
      json: { type: 'urn:theseus:problem:IdempotencyKeyReused' },
    });
    const other = await call('POST', '/ships/a/approve', {
      headers: { 'idempotency-key': 'key-2' },
      token: 'token-of-the-viewer-0',
    });
    expect(other.status).toBe(403);
    expect((await launch('x', 'key with blanks')).status).toBe(400);
  });

  it('sent ten times at once runs once; the others are told to wait, then replayed', async () => {
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    let answered = 0;
    const all = Array.from({ length: 10 }, () => launch('Rush', 'key-3').finally(() => answered++));
    // Nine are answered while the winner waits at the gate.
    await vi.waitFor(() => expect(answered).toBe(9), { interval: 5, timeout: 30_000 }).finally(open);
    const answers = await Promise.all(all);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
    expect(answers.find(({ status }) => status === 409)?.headers.get('retry-after')).toBe('5');
    expect(launched.filter(({ key }) => key === 'key-3')).toHaveLength(1);
    expect((await launch('Rush', 'key-3')).status).toBe(201);
  });

  it('is let go after a failure, so that a repeat runs', async () => {
    expect((await launch('taken', 'key-4')).status).toBe(409);
    expect((await launch('taken', 'key-4')).json).toMatchObject({ detail: 'The name is taken' });
    expect((await launch('free', 'key-4')).status).toBe(201);
  });

  it('of a run that died is taken over after its lease, and the dead run cannot overwrite', async () => {
    const store = idempotencyStore(table);
    const request = { caller: 'olga', method: 'POST', path: '/ships', key: 'key-5', body: 'b' };
    const dead = await store.begin(request);
    await expect(store.begin(request)).rejects.toMatchObject({ name: 'RequestInProgress' });
    const restore = setClock({ ...platformSystemClock, now: () => Date.now() + 60_001 });
    const heir = await store.begin(request);
    if (dead.kind !== 'started' || heir.kind !== 'started') throw new Error('both should have started');
    await store.complete(request, dead.owner, { status: 500, headers: {} });
    await store.release(request, dead.owner);
    await store.complete(request, heir.owner, { status: 201, headers: {}, body: '{}' });
    expect(await store.begin(request)).toEqual({
      kind: 'replay',
      response: { status: 201, headers: {}, body: '{}' },
    });
    restore();
    expect(platformClock).toBe(platformSystemClock);
  });

  it('counts again after 24 h even if the time to live has not removed it', async () => {
    const store = idempotencyStore(table);
    const request = { caller: 'olga', method: 'POST', path: '/ships', key: 'key-6', body: 'b' };
    const first = await store.begin(request);
    if (first.kind === 'started') await store.complete(request, first.owner, { status: 201, headers: {} });
    const restore = setClock({ ...platformSystemClock, now: () => Date.now() + 86_400_001 });
    expect((await store.begin({ ...request, body: 'other' })).kind).toBe('started');
    restore();
  });
});

describe('the adapter', () => {
  it('hands over an event of payload version 2.0 and carries cookies and bytes back', async () => {
    const sent = await call('PUT', '/raw/x?a=1&b=%20', {
      text: '\u0000\u0001',
      headers: { 'content-type': 'application/octet-stream', cookie: 'c=1; d=2', 'X-Upper': 'Y' },
    });
    expect(JSON.parse(sent.text)).toMatchObject({
      version: '2.0',
      rawPath: '/raw/x',
      rawQueryString: 'a=1&b=%20',
      cookies: ['c=1', 'd=2'],
      headers: { 'x-upper': 'Y' },
      isBase64Encoded: true,
      body: 'AAE=',
      requestContext: {
        http: { method: 'PUT', path: '/raw/x', sourceIp: '127.0.0.1' },
        authorizer: { jwt: { claims: { sub: 'olga', groups: '[theseus:local:operator]' } } },
      },
    });
    expect(sent.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });
});

describe('tokens', () => {
  it('are made once, readable by their owner only, and refused when damaged', async () => {
    const own = await mkdtemp(join(tmpdir(), 'theseus-tokens-'));
    const [made, again] = [await ensureTokens(own), await ensureTokens(own)];
    expect(again).toEqual(made);
    expect((await stat(tokenPath(own))).mode & 0o777).toBe(0o600);
    await writeFile(tokenPath(own), '{"tokens":[{"token":"short"}]}');
    await expect(readTokens(own)).rejects.toThrow('not a token file');
    await rm(own, { recursive: true });
  });
});

describe('the store', () => {
  it('holds neither keys nor bodies in clear', async () => {
    await launch('Hidden', 'key-clear');
    const all = await dynamodb().send(new ScanCommand({ TableName: table }));
    expect(all.Items?.length).toBeGreaterThan(3);
    expect(JSON.stringify(all.Items)).not.toMatch(/key-clear|Hidden/);
  });
});

describe('a server that stops', () => {
  it('answers what it was asked and then lets go of the connection, which nobody has to cut off', async () => {
    let stopped: Promise<void> | undefined;
    const slow = createLambda({
      clock: systemClock(),
      functions: {
        slow: {
          load: async () => ({
            handler: async () => {
              stopped = stopping.stop();
              return 'answered';
            },
          }),
          timeoutSeconds: 5,
        },
      },
    });
    const tokens = [{ token: 't'.repeat(20), subject: 'ada', groups: [] }];
    const routes = [{ prefix: '/', function: 'slow' }];
    const stopping = await startHttp({
      ...{ port: 0, lambda: slow, clock: systemClock(), tokens, routes },
      openRoutes: ['GET /'],
    });
    const cut = vi.spyOn(Server.prototype, 'closeAllConnections');
    const answer = await fetch(stopping.url);
    expect(await answer.text()).toContain('answered');
    await stopped;
    expect(cut).not.toHaveBeenCalled();
    cut.mockRestore();
  });
});
