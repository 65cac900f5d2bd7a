import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setClock, systemClock } from '#platform/clock.ts';
import { setRandom } from '#platform/random.ts';
import type { Count } from './counts.ts';
import { type UsageRecorder, type Use, usageRecorder } from './recorder.ts';

let now = 0;
const iso = () => new Date(now).toISOString();
afterAll(setClock({ ...systemClock, now: () => now, monotonic: () => now, iso }));
afterAll(setRandom(() => 0.5));

let written: Count[] = [];
let fails = false;
let usage: UsageRecorder;
beforeEach(() => {
  [now, written, fails] = [Date.parse('2026-03-01T12:00:00Z'), [], false];
  usage = usageRecorder(async (count) => {
    if (fails) throw new Error('no table');
    written.push(count);
  });
});

const use = (more: Partial<Use> = {}): Use => ({
  ...{ api: 'orders', version: '1.0.0', consumer: 'web', endpoint: 'GET /', failed: false },
  ...more,
});
const fields = (...sent: string[]) => ({ sent: new Set(sent), received: new Set<string>() });

describe('usage', () => {
  it('is written at once after a pause, else every 5 s, and harm of brownouts every second', async () => {
    usage.record(use());
    expect(usage.due()).toBe(true);
    await usage.flush();
    usage.record(use());
    now += 4_999;
    expect(usage.due()).toBe(false);
    usage.record(use({ brownout: 'b1', failed: true }));
    expect(usage.due()).toBe(true);
    await usage.flush();
    expect(written).toMatchObject([
      { kind: 'endpoint', requests: 1, errors: 0 },
      { kind: 'endpoint', requests: 2, errors: 1 },
      { kind: 'refused', brownout: 'b1', requests: 1 },
    ]);
  });

  it('that could not be written is written with what came since', async () => {
    fails = true;
    usage.record(use({ fields: fields('/a') }));
    await usage.flush();
    fails = false;
    usage.record(use({ fields: fields('/a', '/b') }));
    await usage.flush();
    expect(written).toMatchObject([{ requests: 2, looked: 2, sent: new Set(['/a', '/b']) }]);
  });

  it('tells a field once a day, and of too many that nobody knows them', async () => {
    usage.record(use({ fields: fields('/a') }));
    await usage.flush();
    usage.record(use({ fields: fields('/a', '/b') }));
    await usage.flush();
    now += 86_400_000;
    usage.record(use({ fields: fields('/a') }));
    await usage.flush();
    const many = Array.from({ length: 300 }, (_, at) => `/f${at}`);
    usage.record(use({ endpoint: 'PUT /', fields: fields(...many) }));
    await usage.flush();
    expect(written.map((one) => (one.kind === 'endpoint' ? [...one.sent].slice(0, 3) : []))).toEqual([
      ['/a'],
      ['/b'],
      ['/a'],
      many.slice(0, 3),
    ]);
    expect(written.at(-1)).toMatchObject({ unknownFields: true });
    expect(written.at(-1)).toHaveProperty('sent.size', 200);
  });

  it('looks at the first request of each consumer and endpoint, at others by chance, and at none where it is off', () => {
    expect([usage.looks(use(), 1e-9), usage.looks(use(), 0)]).toEqual([true, false]);
    usage.record(use({ fields: fields('/a') }));
    expect([usage.looks(use(), 1e-9), usage.looks(use(), 1)]).toEqual([false, true]);
    expect(usage.looks(use({ consumer: 'till' }), 1e-9)).toBe(true);
  });

  it('of more consumers than fit is that of others, whose fields nobody knows, and memory ends', async () => {
    for (let at = 0; at < 5_000; at += 1)
      usage.record(
        use({ consumer: `c${at}`, endpoint: at < 3_000 ? 'GET /' : `GET /${at}`, fields: fields(`/f${at}`) }),
      );
    await usage.flush();
    expect(written.length).toBe(2_500);
    expect(written.find(({ consumer }) => consumer === '(others)')).toMatchObject({
      requests: 1_000,
      unknownFields: true,
      looked: 0,
    });
  });
});

afterEach(() => usage.flush());
