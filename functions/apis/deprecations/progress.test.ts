import { describe, expect, it } from 'vitest';
import { Policy } from './policies.ts';
import { harmOf, progressOf } from './progress.ts';

const at = '2026-01-31T00:00:00.000Z';
const endpoint = (name: string, requests: number, more: object = {}) => ({
  endpoint: name,
  requests,
  errors: 0,
  ...more,
});
const usage = (
  ...consumers: { consumer: string; version?: string; endpoints: ReturnType<typeof endpoint>[] }[]
) => ({
  from: '2026-01-01T00:00:00.000Z',
  to: at,
  sampled: 1,
  consumers: consumers.map((one) => ({ version: '1.0.0', lastSeen: at, ...one })),
});
const known = { version: '1.0.0', elements: null, consumers: [], exempt: [] };

describe('the progress of consumers', () => {
  it('knows who uses a version, who is bound to it, and who stopped', () => {
    const before = progressOf(known, usage({ consumer: 'shop', endpoints: [endpoint('GET /a', 5)] }), [
      'app',
    ]);
    expect(before.map(({ consumer, requests, ready }) => [consumer, requests, ready])).toEqual([
      ['shop', 5, false],
      ['app', 0, true],
    ]);
    const moved = usage({ consumer: 'shop', version: '2.0.0', endpoints: [endpoint('GET /a', 9)] });
    const after = progressOf({ ...known, consumers: before }, moved, []);
    expect(after.map(({ consumer, ready }) => [consumer, ready])).toEqual([
      ['app', true],
      ['shop', true],
    ]);
  });

  it('keeps what consumers said, also of those whose names mean something to JavaScript', () => {
    const [first] = progressOf(
      known,
      usage({ consumer: '__proto__', endpoints: [endpoint('GET /a', 1)] }),
      [],
    );
    if (first === undefined) throw new Error('there is one');
    const said = [{ ...first, consented: { by: 'ann', at } }];
    const again = usage({ consumer: '__proto__', endpoints: [endpoint('GET /a', 7)] });
    expect(progressOf({ ...known, consumers: said }, again, [])).toMatchObject([
      { consumer: '__proto__', requests: 7, consented: { by: 'ann' }, ready: true },
    ]);
  });

  it('counts for a field only who sent or got it, and everybody where nobody looked', () => {
    const elements = [{ endpoint: 'GET /a', field: '/note' }];
    const seen = usage(
      { consumer: 'reads', endpoints: [endpoint('GET /a', 1, { sent: [], received: ['/note/text'] })] },
      { consumer: 'spares', endpoints: [endpoint('GET /a', 2, { sent: [], received: ['/price'] })] },
      { consumer: 'unknown', endpoints: [endpoint('GET /a', 3)] },
    );
    const found = progressOf({ ...known, elements }, seen, []);
    expect(found.map(({ consumer }) => consumer).toSorted()).toEqual(['reads', 'unknown']);
  });
});

describe('the harm of a brownout', () => {
  const policy = Policy.parse({ noticeDays: 30, harm: { refused: 10, exemptErrors: 2 } });
  const record = { policy, version: '1.0.0', exempt: ['bank'], consumers: [] };
  const none = { refused: [], usage: usage(), errorsBefore: [] };

  it('is what one consumer suffers beyond the threshold, the worst first', () => {
    const refused = [
      { consumer: 'shop', brownout: 'b1', requests: 11 },
      { consumer: 'app', brownout: 'b1', requests: 12 },
      { consumer: 'late', brownout: 'b2', requests: 99 },
    ];
    expect(harmOf(record, 'b1', { ...none, refused })).toEqual({
      consumer: 'app',
      why: 'refused',
      requests: 12,
    });
    const within = [{ consumer: 'shop', brownout: 'b1', requests: 10 }];
    expect(harmOf(record, 'b1', { ...none, refused: within })).toBeUndefined();
  });

  it('does not count those who consented, and counts any refusal of those who are exempt', () => {
    const refused = [{ consumer: 'shop', brownout: 'b1', requests: 500 }];
    const [shop] = progressOf(known, usage({ consumer: 'shop', endpoints: [endpoint('GET /a', 1)] }), []);
    if (shop === undefined) throw new Error('there is one');
    const consumers = [{ ...shop, consented: { by: 'ann', at } }];
    expect(harmOf({ ...record, consumers }, 'b1', { ...none, refused })).toBeUndefined();
    const exempt = [{ consumer: 'bank', brownout: 'b1', requests: 1 }];
    expect(harmOf(record, 'b1', { ...none, refused: exempt })).toMatchObject({ consumer: 'bank' });
  });

  it('of those who are exempt is errors that came since it began', () => {
    const seen = usage({ consumer: 'bank', endpoints: [endpoint('GET /a', 100, { errors: 9 })] });
    const before = [{ consumer: 'bank', errors: 7 }];
    expect(harmOf(record, 'b1', { ...none, usage: seen, errorsBefore: before })).toBeUndefined();
    expect(harmOf(record, 'b1', { ...none, usage: seen })).toEqual({
      consumer: 'bank',
      why: 'errors',
      requests: 9,
    });
  });
});
