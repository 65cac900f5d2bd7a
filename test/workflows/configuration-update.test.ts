import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startConfigurationLab, startService } from './configuration-lab.ts';
import { startReceiver } from './deprecation-lab.ts';

let lab: Awaited<ReturnType<typeof startConfigurationLab>>;
let checkout: Awaited<ReturnType<typeof startService>>;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  lab = await startConfigurationLab();
  checkout = await startService();
  receiver = await startReceiver();
  await lab.said('POST', '/services/checkout/versions', {
    version: '1.0.0',
    endpoints: [{ url: checkout.url }],
    healthCheck: { path: '/health' },
  });
  await lab.said('PUT', '/configuration/subscriptions/checkout', { url: receiver.url });
  await lab.define('limits.orders', { services: ['checkout'], policy: { health: { forSeconds: 30 } } });
  await lab.define('limits.items');
});
afterAll(async () => {
  checkout.close();
  receiver.close();
  await lab.stop();
});

describe('an update', () => {
  it('shows what it would do and stores nothing', async () => {
    const change = { key: lab.key('limits.orders'), value: 50 };
    const { status, body } = await lab.send('POST', '/configuration/updates?dryRun=true', {
      changes: [change],
      why: 'Try',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      changes: [{ kind: 'value', before: 0, value: 50 }],
      services: [{ service: 'checkout', from: 'definition', instances: 1 }],
      health: { forSeconds: 30, unknown: 'skip' },
      approval: false,
      queuedBehind: [],
    });
    expect(await lab.value('limits.orders')).toBeUndefined();
    expect((await lab.said('GET', '/configuration/updates')).items).toEqual([]);
  });

  it('is applied, told, watched and completed', async () => {
    const { id } = await lab.start([
      { key: lab.key('limits.orders'), value: 50, expectedVersion: 0 },
      { key: lab.key('limits.items'), value: 9 },
    ]);
    const done = await lab.until(id, 'completed');
    expect(done.changes.map(({ before, after, restored }) => [before, after, restored])).toEqual([
      [0, 1, null],
      [0, 1, null],
    ]);
    expect(done.health.looks).toBeGreaterThan(2);
    expect(await lab.value('limits.orders')).toEqual([50, 1]);
    expect(await lab.events(id)).toEqual([
      'update.created',
      'update.validated',
      'update.backed_up',
      'configuration.updated',
      'update.completed',
    ]);
    const told = receiver.got.map(({ body }) => JSON.parse(body));
    expect(told.map(({ type }) => type)).toEqual(['configuration.updated']);
    expect(told[0].data.changes[0]).toEqual({ key: lab.key('limits.orders'), version: 1 });
    expect(receiver.got[0]?.headers['webhook-signature']).toMatch(/^v1,/);
  });

  it('is taken back as a whole when a service does not do well, and says why', async () => {
    const { id } = await lab.start([
      { key: lab.key('limits.items'), value: 1 },
      { key: lab.key('limits.orders'), value: 0 },
    ]);
    await lab.watched(id);
    checkout.health.status = 503;
    const back = await lab.until(id, 'rolled_back');
    checkout.health.status = 200;
    expect(back.failure).toMatchObject({ name: 'ServiceUnhealthy', phase: 'health' });
    expect(back.failure?.message).toContain('checkout');
    expect(await lab.value('limits.orders')).toEqual([50, 3]);
    expect(await lab.value('limits.items')).toEqual([9, 3]);
    expect(receiver.got.map(({ body }) => JSON.parse(body).type).slice(1)).toEqual([
      'configuration.updated',
      'configuration.rolled_back',
    ]);
  });

  it('is refused where somebody else wrote since, at once or when its turn has come', async () => {
    const stale = { key: lab.key('limits.items'), value: 3, expectedVersion: 1 };
    const refused = await lab.post({ changes: [stale] });
    expect([refused.status, refused.body.evidence]).toMatchObject([409, { expected: 1, found: 3 }]);

    const first = await lab.start([{ key: lab.key('limits.items'), value: 5 }], { approval: true });
    await lab.until(first.id, 'waiting_for_approval');
    const second = await lab.start([{ key: lab.key('limits.items'), value: 6, expectedVersion: 3 }]);
    expect((await lab.show(second.id)).queuedBehind).toEqual([first.id]);
    const busy = await lab.post({ changes: [stale], whenBusy: 'refuse' });
    expect([busy.status, busy.body.type]).toEqual([409, 'urn:theseus:problem:UpdateInProgress']);
    const third = await lab.start([{ key: lab.key('limits.items'), value: 7 }]);
    await lab.said('POST', `/configuration/updates/${first.id}/approve`, { why: 'Fine' });
    await lab.until(first.id, 'completed');
    const conflicted = await lab.until(second.id, 'conflicted');
    expect(conflicted.failure?.evidence).toMatchObject({ expected: 3, found: 4 });
    expect((await lab.until(third.id, 'completed')).changes[0]).toMatchObject({ before: 4, after: 5 });
    expect(await lab.value('limits.items')).toEqual([7, 5]);
  });

  it('is given up while it waits, or while it is watched, and leaves nothing behind', async () => {
    const waiting = await lab.start([{ key: lab.key('limits.items'), value: 8 }], { approval: true });
    await lab.until(waiting.id, 'waiting_for_approval');
    await lab.said('POST', `/configuration/updates/${waiting.id}/cancel`, { why: 'No' });
    expect((await lab.until(waiting.id, 'cancelled')).failure?.name).toBe('UpdateCancelled');

    const watched = await lab.start([{ key: lab.key('limits.orders'), value: 60 }]);
    await lab.watched(watched.id);
    expect(await lab.value('limits.orders')).toEqual([60, 4]);
    await lab.said('POST', `/configuration/updates/${watched.id}/cancel`, {});
    await lab.until(watched.id, 'rolled_back');
    expect(await lab.value('limits.orders')).toEqual([50, 5]);
    const again = await lab.post({
      changes: [{ key: lab.key('limits.items'), value: 7 }],
      whenBusy: 'refuse',
    });
    expect(again.status).toBe(202);
    await lab.until(again.body.id, 'completed');
  });

  it('is acted for by the execution that its record names, and by no other', async () => {
    const { id } = await lab.start([{ key: lab.key('limits.items'), value: 10 }], { approval: true });
    await lab.until(id, 'waiting_for_approval');
    const { arn } = await lab.cloud.engine.startExecution({
      stateMachineArn: lab.cloud.engine.versionArn('configuration-update'),
      name: `${id}-back-9`,
      input: JSON.stringify({ updateId: id, enter: 'back' }),
    });
    expect(await lab.outcome(arn)).toBe('SUCCEEDED');
    expect((await lab.show(id)).status).toBe('waiting_for_approval');
    await lab.said('POST', `/configuration/updates/${id}/cancel`, {});
    await lab.until(id, 'cancelled');
  });

  it('refuses what cannot be meant, and stores nothing', async () => {
    const before = (await lab.said('GET', '/configuration/updates?limit=100')).items.length;
    const wrong = async (changes: object[]) => (await lab.post({ changes })).status;
    expect(await wrong([{ key: lab.key('limits.items'), value: 'many' }])).toBe(422);
    expect(await wrong([{ key: lab.key('unknown'), value: 1 }])).toBe(422);
    expect(await wrong([{ key: lab.key('limits.items') }])).toBe(400);
    expect(await wrong([{ key: lab.key('limits.items'), secret: 'x' }])).toBe(422);
    expect(await wrong([{ key: lab.key('limits.items', { tenant: 'acme' }), delete: true }])).toBe(400);
    const twice = { key: lab.key('limits.items'), value: 1 };
    expect(await wrong([twice, twice])).toBe(400);
    expect((await lab.said('GET', '/configuration/updates?limit=100')).items.length).toBe(before);
  });
});

describe('rules', () => {
  const rule = { description: 'No shop without orders', where: { key: 'limits.*' }, require: { minimum: 1 } };

  it('are kept by every update, in every layer, and what breaks them already is shown', async () => {
    await lab.said('PUT', '/configuration/rules/enough', rule);
    const refused = await lab.post({
      changes: [{ key: lab.key('limits.items', { tenant: 'acme' }), value: 0 }],
    });
    expect([refused.status, refused.body.type]).toEqual([422, 'urn:theseus:problem:UpdateRefused']);
    expect(refused.body.evidence.violations).toMatchObject([
      { rule: 'enough', key: { tenant: 'acme' }, from: { tenant: 'acme' } },
    ]);
    await lab.said('PUT', '/configuration/rules/enough', { ...rule, level: 'warn' });
    const { id } = await lab.start([{ key: lab.key('limits.items', { tenant: 'acme' }), value: 0 }]);
    expect((await lab.until(id, 'completed')).warnings).toMatchObject([{ rule: 'enough', level: 'warn' }]);
    expect(await lab.run('CHECK_CONFIGURATION_COMPLIANCE')).toMatchObject({ appeared: 1, gone: 0 });
    expect(await lab.run('CHECK_CONFIGURATION_COMPLIANCE')).toMatchObject({ appeared: 0, gone: 0 });
    const { items } = await lab.said('GET', '/configuration/compliance');
    expect(items).toMatchObject([{ rule: 'enough', from: { tenant: 'acme' }, level: 'warn' }]);
    // A rule that is broken already holds nobody up who leaves it as it is.
    await lab.said('PUT', '/configuration/rules/enough', rule);
    const other = await lab.start([{ key: lab.key('limits.items'), value: 11 }]);
    await lab.until(other.id, 'completed');
    const back = await lab.start([{ key: lab.key('limits.items', { tenant: 'acme' }), delete: true }]);
    await lab.until(back.id, 'completed');
    expect(await lab.run('CHECK_CONFIGURATION_COMPLIANCE')).toMatchObject({ appeared: 0, gone: 1 });
    const unclear = await lab.send('PUT', '/configuration/rules/unclear', {
      ...rule,
      require: { type: 'nothing' },
    });
    expect(unclear.status).toBe(400);
  });
});

describe('what services report', () => {
  const report = (versions: object, more: object = {}) =>
    lab.said('POST', '/configuration/reports', { service: 'checkout', instance: 'one', versions, ...more });

  it('takes an update back at once that one of them cannot use', async () => {
    // The next look by itself would be in half a minute.
    const { id } = await lab.start([{ key: lab.key('limits.orders'), value: 70 }], {
      health: { forSeconds: 600 },
    });
    await lab.watched(id);
    await report({ 'shop/limits.orders': 5 }, { failed: ['shop/limits.orders'] });
    const back = await lab.ended(id);
    expect([back.status, back.failure?.message]).toMatchObject([
      'rolled_back',
      expect.stringContaining('cannot put shop/limits.orders in force'),
    ]);
    expect(await lab.value('limits.orders')).toEqual([50, 7]);
  });

  it('is drift where it is not what is stored, and told again where the policy says so', async () => {
    await lab.define('limits.orders', { services: ['checkout'], policy: { remediate: true } });
    const items = (await lab.value('limits.items')) as [number, number];
    await report({ 'shop/limits.orders': 5, 'shop/limits.items': items[1] });
    expect(await lab.run('DETECT_CONFIGURATION_DRIFT')).toMatchObject({ reports: 1, appeared: 0 });
    await lab.clock.advance(60_000);
    await report({ 'shop/limits.orders': 5, 'shop/limits.items': items[1] });
    const told = receiver.got.length;
    expect(await lab.run('DETECT_CONFIGURATION_DRIFT')).toMatchObject({ appeared: 1, remediated: 1 });
    expect(await lab.run('DETECT_CONFIGURATION_DRIFT')).toMatchObject({ appeared: 0, remediated: 0 });
    expect(receiver.got.slice(told).map(({ body }) => JSON.parse(body).type)).toEqual([
      'configuration.drifted',
    ]);
    expect((await lab.said('GET', '/configuration/drift')).items).toMatchObject([
      {
        service: 'checkout',
        instance: 'one',
        differences: [{ key: lab.key('limits.orders'), stored: 7, inForce: 5 }],
      },
    ]);
    await report({ 'shop/limits.orders': 7, 'shop/limits.items': items[1] });
    expect(await lab.run('DETECT_CONFIGURATION_DRIFT')).toMatchObject({ appeared: 0, gone: 1 });
  });

  it('is drift by the ETag of what it was given, since that was changed which it does not have', async () => {
    const { readResolved } = await import('#configuration/values/resolved.ts');
    const { etagOf } = await import('#configuration/values/tags.ts');
    const current = async () =>
      etagOf(await readResolved({ namespace: 'shop', service: 'checkout' }), 'more');
    const told = (etag: string) =>
      lab.said('POST', '/configuration/reports', {
        ...{ service: 'checkout', instance: 'one', namespace: 'shop', etag },
      });
    const etag = await current();
    await told(etag);
    expect(await lab.run('DETECT_CONFIGURATION_DRIFT')).toMatchObject({ appeared: 0, gone: 0 });
    const { id } = await lab.start([{ key: lab.key('limits.items'), value: 11 }], {
      health: { forSeconds: 0 },
    });
    const { appliedAt } = await lab.until(id, 'completed');
    await told(etag);
    // What was changed a moment ago, it cannot have yet.
    expect(await lab.run('DETECT_CONFIGURATION_DRIFT')).toMatchObject({ appeared: 0 });
    await lab.clock.advance(60_000);
    await told(etag);
    expect(await lab.run('DETECT_CONFIGURATION_DRIFT')).toMatchObject({ appeared: 1 });
    const [drift] = (await lab.said('GET', '/configuration/drift')).items;
    expect(drift).toMatchObject({ of: 'instance', instance: 'one', namespace: 'shop', differences: [] });
    expect(drift.document.inForce).toBe(etag.slice(1).split('.')[0]);
    expect(Date.parse(drift.document.behindSince)).toBeLessThanOrEqual(Date.parse(appliedAt ?? ''));
    await told(await current());
    expect(await lab.run('DETECT_CONFIGURATION_DRIFT')).toMatchObject({ gone: 1 });
  });
});
