import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apis } from '#local/capabilities/apis.ts';
import { shiftableClock } from '#local/clock.ts';
import { type Cloud, startCloud } from '#local/cloud.ts';
import { stopAll } from './harness.ts';
import { sendTo } from './send.ts';

let cloud: Cloud;
let directory: string;
const clock = shiftableClock();

beforeAll(async () => {
  // One platform runs in a process at a time.
  await stopAll();
  directory = await mkdtemp(join(tmpdir(), 'theseus-graphs-'));
  const capabilities = [{ ...apis, schedules: [] }];
  cloud = await startCloud({ directory, capabilities, port: 0, survives: 'process', clock });
});
afterAll(async () => {
  await cloud.stop();
  await rm(directory, { recursive: true, force: true });
});

const send = (method: string, path: string, body?: unknown) => sendTo(cloud, method, path, body);
const publish = (name: string, sdl: string, more: object = {}, query = '') =>
  send('PUT', `/apis/shop/subgraphs/${name}${query}`, {
    sdl,
    url: `http://${name}.internal/graphql`,
    ...more,
  });
const day = (days: number) => new Date(clock.now() + days * 86_400_000).toISOString().slice(0, 10);
const versions = async () =>
  (await send('GET', '/apis/shop')).body.versions.map(({ version }: { version: string }) => version);

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])';
const users = (fields = 'name: String mail: String') =>
  `${link} type Query { me: User } type User @key(fields: "id") { id: ID! ${fields} }`;
const orders = `${link} type Query { orders: [Order!] } type Order { id: ID! by: User } type User @key(fields: "id", resolvable: false) { id: ID! }`;

describe('a supergraph', () => {
  it('is composed of subgraphs, each of which makes a version of the API', async () => {
    expect((await send('PUT', '/apis/shop', { kind: 'graphql' })).status).toBe(201);
    expect((await publish('users', users())).body).toMatchObject({ version: '1.0.0', published: true });
    expect((await publish('orders', orders)).body).toMatchObject({
      version: '1.1.0',
      comparison: { from: '1.0.0', compatible: true },
    });
    // The same again changes nothing; another address is none that clients see.
    expect((await publish('orders', orders)).body).toMatchObject({ version: null, published: true });
    expect((await publish('orders', orders, { url: 'http://moved/graphql' })).body.version).toBeNull();
    // Where it is stays unless it is said.
    expect((await publish('orders', orders, { url: undefined })).body.version).toBeNull();
    expect(await versions()).toEqual(['1.0.0', '1.1.0']);
    const { body } = await send('GET', '/apis/shop/supergraph');
    expect(body.supergraphSdl).toContain('http://moved/graphql');
    expect(body.publications).toHaveLength(3);
    expect((await send('GET', '/apis/shop/versions/1.1.0/description')).body.text).not.toContain('@key');
    expect((await send('GET', '/apis/shop/subgraphs')).body.items).toMatchObject([
      { name: 'orders', url: 'http://moved/graphql' },
      { name: 'users' },
    ]);
    expect((await send('GET', '/apis/shop/subgraphs/users')).body.sdl).toBe(users());
  });

  it('takes no subgraph that does not fit, and then nothing is stored', async () => {
    const clash = await publish('orders', `${link} type Query { me: Int }`);
    expect(clash).toMatchObject({ status: 400, body: { title: 'Invalid input' } });
    expect(JSON.stringify(clash.body.errors)).toContain('FIELD_TYPE_MISMATCH');
    expect((await publish('orders', 'type Query {')).body.errors[0].detail).toContain('Line 1, column 13');
    expect((await publish('Orders', orders)).status).toBe(400);
    expect((await publish('__proto__', orders)).status).toBe(400);
    expect((await publish('users', users(), { strategy: 'breaking' })).body.errors[0].pointer).toBe(
      '/body/reason',
    );
    expect((await publish('users', users(), { force: true, reason: 'x' })).body.errors[0].pointer).toBe(
      '/body/force',
    );
    expect(await versions()).toEqual(['1.0.0', '1.1.0']);
    expect((await send('GET', '/apis/shop/subgraphs/none')).status).toBe(404);
    expect((await send('DELETE', '/apis/shop/subgraphs/none?reason=x')).status).toBe(404);
    await send('PUT', '/apis/rest', { kind: 'openapi' });
    expect((await send('PUT', '/apis/rest/subgraphs/users', { sdl: users() })).status).toBe(409);
  });

  it('refuses what would break, with the operations and clients that it would break', async () => {
    const operations = [
      { document: 'query Profile { me { name mail } }', requests: 40 },
      { document: '{ me { id name } }', requests: 2 },
    ];
    expect((await send('PUT', '/apis/shop/operations', { client: 'web', operations })).status).toBe(200);
    // What the newest version does not take is kept by nobody.
    const wrong = { client: 'app', operations: [operations[0], { document: '{ me { nom } }' }] };
    expect((await send('PUT', '/apis/shop/operations', wrong)).body.errors[0].pointer).toBe(
      '/body/operations/1/document',
    );
    expect((await send('GET', '/apis/shop/operations')).body.items).toHaveLength(2);
    for (const more of [{}, { strategy: 'breaking', reason: 'privacy' }]) {
      expect(await publish('users', users('name: String'), more)).toMatchObject({
        status: 409,
        body: {
          title: 'Unsafe schema change',
          evidence: {
            changes: [{ rule: 'field-removed', usedBy: ['web'] }],
            operations: [{ operation: 'Profile', client: 'web', requests: 40 }],
            clients: ['web'],
          },
        },
      });
    }
    const tried = await publish('users', users('name: String'), {}, '?dryRun=true');
    expect(tried).toMatchObject({
      status: 200,
      body: { refused: [{ name: 'UnsafeSchemaChange' }], published: false },
    });
    expect(tried.body.broken).toHaveLength(1);
    expect(await versions()).toEqual(['1.0.0', '1.1.0']);
  });

  it('lets a field go that was announced, when its day has come and nobody asks for it', async () => {
    const announced = users(`name: String mail: String @deprecated(reason: "Use name. Removal ${day(10)}")`);
    expect(
      (await publish('users', users('name: String mail: String @deprecated'), { strategy: 'deprecation' }))
        .status,
    ).toBe(409);
    expect((await publish('users', announced, { strategy: 'deprecation' })).body.version).toBe('1.2.0');
    const listed = async () => (await send('GET', '/apis/shop/supergraph/deprecated')).body.items;
    expect(await listed()).toMatchObject([
      { element: 'User.mail', removal: day(10), usedBy: ['web'], removable: false },
    ]);
    const deprecation = await send('POST', '/apis/shop/deprecations', {
      version: '1.2.0',
      elements: [{ type: 'User', field: 'mail' }],
      reason: 'There is name',
    });
    expect(deprecation.status).toBe(201);
    // What clients registered counts as used, though no gateway sees them.
    const path = `/apis/shop/deprecations/${deprecation.body.id}`;
    await expect
      .poll(async () => (await send('GET', path)).body.consumers, { timeout: 30_000 })
      .toMatchObject([{ consumer: 'web', uses: ['User.mail'], requests: 40, ready: false }]);
    await send('POST', `${path}/cancel`, { reason: 'It goes by itself' });
    const without = users('name: String');
    expect((await publish('users', without, { strategy: 'deprecation' })).status).toBe(409);
    // The client asks for it no more; the other operation goes on.
    await clock.advance(31 * 86_400_000);
    const operations = [{ document: '{ me { id name } }', requests: 5 }];
    await send('PUT', '/apis/shop/operations', { client: 'web', operations });
    expect(await listed()).toMatchObject([{ element: 'User.mail', usedBy: [], removable: true }]);
    expect((await publish('users', without, { strategy: 'deprecation' })).body).toMatchObject({
      version: '1.3.0',
      comparison: { changes: [{ rule: 'field-removed-as-announced', level: 'warning' }] },
    });
    expect(await listed()).toEqual([]);
  });

  it('loses a subgraph on purpose: what nobody uses with a reason, what is used by force, recorded', async () => {
    expect((await send('DELETE', '/apis/shop/subgraphs/orders')).status).toBe(400);
    expect((await send('DELETE', '/apis/shop/subgraphs/orders?reason=sold')).body).toMatchObject({
      version: '1.4.0',
    });
    expect((await publish('users', users(''), { strategy: 'breaking', reason: 'law' })).status).toBe(409);
    const forced = await publish('users', users(''), { strategy: 'breaking', reason: 'law', force: true });
    expect(forced.body).toMatchObject({ version: '2.0.0', broken: [{ client: 'web' }] });
    const [newest] = (await send('GET', '/apis/shop/supergraph')).body.publications;
    expect(newest).toMatchObject({ strategy: 'breaking', reason: 'law', forced: true, version: '2.0.0' });
    expect((await send('DELETE', '/apis/shop/subgraphs/users?reason=x')).body.detail).toContain(
      'the last subgraph',
    );
  });

  it('forgets operations', async () => {
    const { items } = (await send('GET', '/apis/shop/operations?limit=1')).body;
    expect((await send('DELETE', `/apis/shop/operations/${items[0].id}`)).status).toBe(204);
    expect((await send('DELETE', `/apis/shop/operations/${items[0].id}`)).status).toBe(404);
  });
});

describe('an API of the kind json-schema', () => {
  const schema = (properties: object, more: object = {}) =>
    JSON.stringify({ type: 'object', properties, ...more });
  const text = { type: 'string' };
  const register = (api: string, version: string, description: string, more: object = {}) =>
    send('POST', `/apis/${api}/versions`, { version, description, ...more });

  it('is held against all versions of its major where its mode is transitive', async () => {
    const compatibility = { mode: 'BACKWARD_TRANSITIVE' };
    expect((await send('PUT', '/apis/orders', { kind: 'json-schema', compatibility })).status).toBe(201);
    await register('orders', '1.0.0', schema({ a: text, b: { type: 'number' } }));
    expect((await register('orders', '1.1.0', schema({ a: text }))).status).toBe(201);
    const again = schema({ a: text, b: text });
    expect(await register('orders', '1.2.0', again)).toMatchObject({
      status: 409,
      body: {
        title: 'Schema incompatible',
        evidence: {
          mode: 'BACKWARD_TRANSITIVE',
          checks: [{ against: '1.0.0', way: 'backward', writer: 'open', reader: 'open' }],
        },
      },
    });
    expect((await register('orders', '2.0.0', again)).status).toBe(201);
  });

  it('numbered by dates is refused, too, unless the rule is accepted with a reason', async () => {
    const compatibility = { mode: 'FULL', content: 'strict' };
    const settings = { kind: 'json-schema', versioning: { scheme: 'date' }, compatibility };
    await send('PUT', '/apis/events', settings);
    await register('events', '2026-01-01', schema({ a: text }));
    const next = schema({ a: text, b: text });
    const refused = await register('events', '2026-02-01', next);
    expect(refused.body.evidence.checks).toMatchObject([
      { changes: [{ rule: 'backward-property-optional-added', example: { document: { b: 1 } } }] },
    ]);
    const accept = { accept: ['backward-property-optional-added'], reason: 'Nobody sends b' };
    expect((await register('events', '2026-02-01', next, accept)).status).toBe(201);
  });
});
