import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDeprecationLab, startReceiver } from './deprecation-lab.ts';

let lab: Awaited<ReturnType<typeof startDeprecationLab>>;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
beforeAll(async () => {
  lab = await startDeprecationLab();
  receiver = await startReceiver();
});
afterAll(async () => {
  receiver.close();
  await lab.stop();
});

const policy = {
  noticeDays: 60,
  remindDays: [30, 7],
  extensions: { max: 1, days: 20, automatic: false },
  brownouts: [
    { hours: 1, gapDays: 7 },
    { hours: 4, gapDays: 7 },
  ],
  harm: { refused: 50, exemptErrors: 5 },
};

const version = async (api: string, name: string) => {
  const { body } = await lab.send('GET', `/apis/${api}`);
  return body.versions.find((one: { version: string }) => one.version === name).status;
};

describe('a deprecation', () => {
  it('goes from its announcement by reminders and brownouts to 410, and back', async () => {
    await lab.api('orders');
    const contacts = { emails: ['team@shop.example'], webhook: receiver.url };
    expect((await lab.send('PUT', '/apis/consumers/shop', { name: 'Shop', contacts })).status).toBe(200);
    lab.traffic.consumers.set('shop', { requests: 900, errors: 3 });
    lab.traffic.consumers.set('mobile', { requests: 40, errors: 0 });

    const announced = await lab.start('orders', { policy, guide: 'https://docs.example/orders-2' });
    expect(announced).toMatchObject({ status: 'running', phase: 'warning', successor: '2.0.0', ready: 0 });
    expect(announced.consumers.map(({ consumer, uses }) => [consumer, uses])).toEqual([
      ['shop', ['GET /orders/{} (2 fields)']],
      ['mobile', ['GET /orders/{} (2 fields)']],
    ]);
    expect(await version('orders', '1.0.0')).toBe('deprecated');
    await lab.run('DELIVER_NOTICES');
    await lab.run('DELIVER_NOTICES');
    expect(receiver.got.map(({ body }) => JSON.parse(body).type)).toEqual(['deprecation.announced']);
    expect(receiver.got[0]?.headers['webhook-signature']).toMatch(/^v1,/);
    expect(await lab.mails()).toHaveLength(1);

    const first = await lab.drive('orders', announced.id, ({ brownouts }) => brownouts[0]?.state === 'begun');
    expect(first).toMatchObject({ phase: 'brownout' });
    // Somebody is hurt: it ends at once, and nothing goes on by itself.
    lab.traffic.refused.set('shop', 51);
    const stopped = await lab.drive('orders', announced.id, ({ status }) => status === 'paused');
    expect(stopped.brownouts[0]).toMatchObject({
      state: 'interrupted',
      harmed: { consumer: 'shop', why: 'refused', requests: 51 },
    });
    expect(stopped.wakesAt).toBeNull();
    // What was announced does not take place either: the gateway would do it without being asked.
    expect(stopped.brownouts[1]?.state).toBe('planned');
    lab.traffic.refused.clear();

    await lab.act('orders', announced.id, 'resume');
    const extended = await lab.act('orders', announced.id, 'extend', { days: 10, reason: 'Holidays' });
    expect(Date.parse(extended.sunset ?? '') - Date.parse(announced.sunset ?? '')).toBeGreaterThanOrEqual(
      10 * 86_400_000,
    );
    const again = await lab.send('POST', `/apis/orders/deprecations/${announced.id}/extend`, {
      days: 10,
      reason: 'More',
    });
    expect(again.status).toBe(409);

    const removed = await lab.drive('orders', announced.id, ({ phase }) => phase === 'removed');
    expect(removed.brownouts.map(({ state }) => state)).toEqual(['interrupted', 'held']);
    expect(await version('orders', '1.0.0')).toBe('removed');
    const events = await lab.send('GET', `/apis/orders/deprecations/${announced.id}/events?limit=100`);
    const types = events.body.items.map(({ type }: { type: string }) => type.replace('deprecation.', ''));
    expect(types).toEqual([
      'started',
      'analysed',
      'announced',
      'reminded',
      'brownout_announced',
      'brownout_begun',
      'brownout_announced',
      'brownout_stopped',
      'resumed',
      'brownout_announced',
      'extended',
      'sunset_moved',
      'brownout_announced',
      'brownout_begun',
      'reminded',
      'brownout_held',
      'removed',
    ]);

    const restored = await lab.act('orders', announced.id, 'restore');
    expect(restored).toMatchObject({ status: 'restored', phase: 'over', next: [] });
    expect(await version('orders', '1.0.0')).toBe('active');
    const feed = await lab.send('GET', '/apis/feed?api=orders&limit=100');
    expect(feed.body.items.map((item: { tags: string[] }) => item.tags[1])).toContain('restored');
  });
});
