import { afterEach, describe, expect, it } from 'vitest';
import { nextTry, retryAfterMs, retryDelays } from '#platform/outbound/retries.ts';
import { setRandom } from '#platform/random.ts';
import { deliveryAfter, disabledAfterMs, type Outcome, webhookAfter } from './outcomes.ts';
import type { DeliveryRecord, WebhookRecord } from './records.ts';

const now = Date.parse('2026-11-21T12:00:00.000Z');
const at = new Date(now).toISOString();
const attempt = { at, status: 500, durationMs: 5, detail: 'x'.repeat(5_000) };
const refused: Outcome = { attempt, result: 'refused' };

const delivery: DeliveryRecord = {
  version: 1,
  id: 'msg_1',
  webhook: 'whk_1',
  type: 'migration.completed',
  status: 'pending',
  createdAt: at,
  dueAt: now,
  attempts: 0,
  last: [],
  payload: '{}',
  expiresAt: 0,
};
const webhook: WebhookRecord = {
  schemaVersion: 1,
  version: 1,
  id: 'whk_1',
  kind: 'webhook',
  url: 'https://example.com',
  description: '',
  filter: { types: ['*'], databases: [], labels: {} },
  disabled: null,
  unannounced: false,
  failingSince: null,
  createdAt: at,
  createdBy: 'anna',
  updatedAt: at,
};

const restore: (() => void)[] = [];
afterEach(() => {
  for (const one of restore.splice(0).reverse()) one();
});

describe('a delivery', () => {
  it('is tried again ever later, over hours, and then no more', () => {
    for (const [chance, factor] of [
      [0, 0.75],
      [0.999_999, 1.25],
    ] as const) {
      restore.push(setRandom(() => chance));
      for (const [index, delay] of retryDelays.entries()) {
        expect(nextTry(index + 1, now)).toBeCloseTo(now + factor * delay, -3);
      }
    }
    expect(nextTry(retryDelays.length + 1, now)).toBeUndefined();
    const hours = retryDelays.reduce((sum, delay) => sum + delay, 0) / 3_600_000;
    expect(hours).toBeGreaterThan(12);
  });

  it('waits as long as the receiver asks, within bounds', () => {
    restore.push(setRandom(() => 0.5));
    expect(retryAfterMs('90', now)).toBe(90_000);
    expect(retryAfterMs(new Date(now + 30_000).toUTCString(), now)).toBe(30_000);
    expect(retryAfterMs('999999999', now)).toBe(retryDelays.at(-1));
    for (const odd of [undefined, 'soon', '-1', '', '1e9', new Date(now - 9_000).toUTCString()])
      expect(retryAfterMs(odd, now)).toBeUndefined();
    expect(nextTry(1, now, 90_000)).toBe(now + 90_000);
    expect(nextTry(1, now, 1_000)).toBe(now + 60_000);
  });

  it('keeps the last tries, cut to size, and ends delivered or failed', () => {
    restore.push(setRandom(() => 0.5));
    const again = deliveryAfter(delivery, refused, { now, retry: true });
    expect(again).toMatchObject({ status: 'pending', dueAt: now + 60_000, attempts: 1 });
    expect(again.last[0]?.detail).toHaveLength(1_000);
    expect(deliveryAfter(delivery, refused, { now, retry: false })).toMatchObject({
      status: 'failed',
      dueAt: null,
    });
    const taken = deliveryAfter(again, { attempt, result: 'taken' }, { now, retry: true });
    expect(taken).toMatchObject({ status: 'delivered', dueAt: null, attempts: 2 });
    const gone = deliveryAfter(delivery, { attempt, result: 'gone' }, { now, retry: true });
    expect(gone).toMatchObject({ status: 'failed', dueAt: null });
    let many = { ...delivery };
    for (let n = 0; n < 12; n += 1) many = deliveryAfter(many, refused, { now, retry: true });
    expect(many).toMatchObject({ status: 'failed', attempts: 12 });
    expect(many.last).toHaveLength(10);
  });
});

describe('a webhook', () => {
  it('is disabled when nothing was taken for days, or at once when the receiver says gone', () => {
    const failing = webhookAfter(webhook, 'unreachable', now);
    expect(failing).toMatchObject({ failingSince: at, disabled: null });
    expect(webhookAfter(failing, 'refused', now + disabledAfterMs - 1)).toBe(failing);
    const late = now + disabledAfterMs;
    expect(webhookAfter(failing, 'refused', late)).toMatchObject({
      disabled: { why: 'failing', at: new Date(late).toISOString() },
      unannounced: true,
    });
    expect(webhookAfter(webhook, 'gone', now)).toMatchObject({ disabled: { why: 'gone', at } });
  });

  it('that works is not written, and one that works again has not failed', () => {
    expect(webhookAfter(webhook, 'taken', now)).toBe(webhook);
    expect(webhookAfter({ ...webhook, failingSince: at }, 'taken', now).failingSince).toBeNull();
  });

  it('stays disabled for the reason it was', () => {
    const asked: WebhookRecord = { ...webhook, disabled: { why: 'asked', at } };
    expect(webhookAfter(asked, 'gone', now)).toBe(asked);
  });
});
