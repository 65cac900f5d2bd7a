import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AuditStore } from './audit.ts';
import type { AuditEntry } from './audit-entry.ts';
import { httpEvent } from './request.ts';
import { route } from './route.ts';
import { invocationLogger } from './telemetry.ts';
import { trailOf } from './trail.ts';

const sink = route({
  method: 'POST',
  path: '/ships/{id}/sink',
  summary: 'Sink a ship',
  needs: { action: 'sink', on: 'ship' },
  params: z.strictObject({ id: z.string() }),
  responses: { 204: z.undefined() },
  handler: async () => ({ status: 204, body: undefined }),
});
const event = httpEvent.parse({
  version: '2.0',
  rawPath: '/ships/vasa/sink',
  requestContext: {
    requestId: 'req-1',
    timeEpoch: Date.parse('2026-03-02T12:00:00Z'),
    http: { method: 'POST', sourceIp: '192.0.2.7' },
  },
});

/** What was written, in order; `broken` writes fail. */
function trailInto(written: [string, AuditEntry][], broken: string[] = []) {
  const write = (name: string) => async (entry: AuditEntry) => {
    if (broken.includes(name)) throw new Error('no table');
    written.push([name, entry]);
  };
  const store: AuditStore = {
    begin: write('begin'),
    end: write('end'),
    turnedAway: write('turnedAway'),
    list: async () => ({ items: [], next: undefined }),
  };
  const counted: string[] = [];
  const metrics = { count: (name: string) => void counted.push(name), duration: () => {}, gauge: () => {} };
  return { trail: trailOf(() => store, event, invocationLogger('test', {}), metrics), counted };
}

describe('the trail of a request', () => {
  it('is begun before the request runs, and ended under the same id and time', async () => {
    const written: [string, AuditEntry][] = [];
    const { trail } = trailInto(written);
    trail.opens(sink, '/ships/vasa/sink');
    trail.calls('gustav');
    await trail.begins({ database: 'yard' }, { comment: 'url postgresql://a:geheim@db/x', file: 'secret' });
    expect(written.map(([name, { outcome }]) => [name, outcome])).toEqual([['begin', 'begun']]);
    await trail.ends({ status: 204, error: null });
    expect(written[1]).toEqual([
      'end',
      {
        id: 'req-1',
        at: '2026-03-02T12:00:00.000Z',
        subject: 'gustav',
        action: 'sink',
        call: 'POST /ships/{id}/sink',
        resource: '/ships/vasa',
        database: 'yard',
        outcome: 'done',
        status: 204,
        error: null,
        reason: 'url postgresql://a:***@db/x',
        sourceIp: '192.0.2.7',
        userAgent: null,
        count: 1,
      },
    ]);
  });

  it('names the innermost thing that it is done to', async () => {
    const written: [string, AuditEntry][] = [];
    const { trail } = trailInto(written);
    const params = z.strictObject({ fleet: z.string(), id: z.string() });
    const path = '/fleets/{fleet}/ships/{id}/sink';
    trail.opens({ ...sink, path, params }, '/fleets/royal/ships/vasa/sink');
    await trail.ends({ status: 403, error: null });
    expect(written[0]?.[1].resource).toBe('/fleets/royal/ships/vasa');
    trail.opens({ ...sink, path: '/fleets/count', params: z.strictObject({}) }, '/fleets/count');
    await trail.ends({ status: 403, error: null });
    expect(written[1]?.[1].resource).toBe('/fleets/count');
  });

  it('that cannot be begun stops the request', async () => {
    const { trail, counted } = trailInto([], ['begin']);
    trail.opens(sink, '/ships/vasa/sink');
    await expect(trail.begins({}, undefined)).rejects.toMatchObject({
      name: 'ServiceUnavailable',
      retryable: true,
    });
    expect(counted).toEqual(['AuditFailed']);
  });

  it('that cannot be ended stands as begun, and the answer leaves', async () => {
    const written: [string, AuditEntry][] = [];
    const { trail, counted } = trailInto(written, ['end']);
    trail.opens(sink, '/ships/vasa/sink');
    await trail.begins({}, undefined);
    await trail.ends({ status: 204, error: null });
    expect(written.map(([, { outcome }]) => outcome)).toEqual(['begun']);
    expect(counted).toEqual(['AuditFailed']);
  });

  it.each([
    [401, 'refused'],
    [403, 'refused'],
    [404, 'rejected'],
    [503, 'failed'],
  ])('of a request that ends with %i before it began is of one turned away: %s', async (status, outcome) => {
    const written: [string, AuditEntry][] = [];
    const { trail } = trailInto(written);
    trail.opens(sink, '/ships/vasa/sink');
    await trail.ends({ status, error: 'X' });
    expect(written).toMatchObject([['turnedAway', { status, outcome, subject: null, error: 'X' }]]);
  });

  it('is not written for routes that only read', async () => {
    const written: [string, AuditEntry][] = [];
    const { trail } = trailInto(written);
    await trail.begins({}, undefined);
    await trail.ends({ status: 200, error: null });
    expect(written).toEqual([]);
  });
});
