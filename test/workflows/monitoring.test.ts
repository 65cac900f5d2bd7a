import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Migration } from '#migrations/schemas.ts';
import { type Platform, Sabotage, startPlatform } from './harness.ts';
import { type Receiver, startReceiver } from './otlp-receiver.ts';

const minute = 60_000;

/** One platform for all that is told of migrations: alerts, traces, metrics, changes. */
describe('monitoring', () => {
  let platform: Platform;
  let receiver: Receiver;
  beforeAll(async () => {
    platform = await startPlatform({ rows: 400 });
    receiver = await startReceiver();
  });
  afterAll(() => void vi.unstubAllEnvs());

  const eventsOf = async (id: string): Promise<{ type: string; actor: string; data: object }[]> =>
    (await platform.send('GET', `/migrations/${id}/events?limit=100`)).body.items;
  const alerting = async (id: string, wanted: RegExp) =>
    (await eventsOf(id)).filter(({ type }) => wanted.test(type));
  /** Time passes, and the sweeper looks. */
  const pass = async (ms: number) => {
    await platform.cloud.clock.advance(ms);
    return platform.invoke('watch-migrations');
  };
  const alertsOf = async (id: string): Promise<Migration['alerts']> => (await platform.show(id)).alerts;

  it('holds running migrations against rules, which can be changed, and pauses where a rule says so', async () => {
    const { plan, act, until, send, hook, invoke, show } = platform;
    const listed = await send('GET', '/alert-rules');
    expect(listed.body.items.map(({ name }: { name: string }) => name)).toEqual([
      'application-slow',
      'decision-awaited',
      'errors',
      'lock-waits',
      'no-progress',
      'replication-lag',
      'soak-overdue',
    ]);
    const refused = [
      { name: 'x', metric: 'rows_per_second' },
      { name: 'x', metric: 'rows_per_second', warning: 2, critical: 1 },
      { name: 'x', metric: 'rows_per_second', warning: 2, action: 'pause' },
      { name: 'x', metric: 'temperature', warning: 2 },
    ];
    for (const body of refused) expect((await send('POST', '/alert-rules', body)).status).toBe(400);
    expect((await send('POST', '/alert-rules', { ...refused[2], database: 'none' })).status).toBe(400);
    const mine = {
      name: 'stop-slow-ones',
      metric: 'phase_seconds',
      warning: 1_500,
      critical: 2_400,
      forSeconds: 60,
      database: 'shop',
      action: 'pause',
    };
    expect((await send('POST', '/alert-rules', mine)).status).toBe(201);
    expect((await send('POST', '/alert-rules', mine)).status).toBe(409);
    expect((await send('DELETE', '/alert-rules/errors')).status).toBe(409);
    expect((await send('PATCH', '/alert-rules/no-progress', { warning: 900 })).body).toMatchObject({
      source: 'changed',
      warning: 900,
      critical: 1_800,
    });

    // A worker that stands still, until the test lets it go.
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let standing = () => {};
    const stands = new Promise<void>((resolve) => {
      standing = resolve;
    });
    hook.current = async ({ name, stage }) => {
      if (name !== 'migrations-backfill-range' || stage !== 'after') return;
      standing();
      await released;
    };
    const { id } = await plan('02-change-type.yaml', { options: { soakSeconds: 600, ranges: 1 } });
    await act(id, 'start');
    await stands;
    expect(await invoke('watch-migrations')).toMatchObject({ payload: { looked: 1, firing: 0 } });
    expect((await show(id)).metrics.map(({ metric }) => metric)).toContain('worker_memory_bytes');

    await pass(11 * minute);
    expect(await alertsOf(id)).toEqual([]);
    await pass(5 * minute);
    expect(await alertsOf(id)).toMatchObject([{ rule: 'no-progress', state: 'firing', severity: 'warning' }]);
    await pass(10 * minute);
    expect((await send('GET', '/alerts')).body.items).toHaveLength(1);
    expect((await send('GET', '/alerts?pending=true')).body.items).toMatchObject([
      { rule: 'no-progress', severity: 'warning', migration: { id }, database: { name: 'shop' } },
      { rule: 'stop-slow-ones', state: 'pending' },
    ]);
    await pass(minute);
    expect(await alerting(id, /^alert/)).toMatchObject([
      { type: 'alert.firing', data: { rule: 'no-progress', threshold: 900 } },
      { type: 'alert.firing', data: { rule: 'stop-slow-ones', severity: 'warning' } },
    ]);
    await pass(15 * minute);
    await pass(minute);
    expect(await show(id)).toMatchObject({ status: 'paused' });
    expect(await alerting(id, /paused/)).toMatchObject([
      { actor: 'theseus', data: { comment: expect.stringContaining('stop-slow-ones') } },
    ]);
    // What stands still makes no progress on purpose.
    await pass(minute);
    expect((await alertsOf(id)).map(({ rule }) => rule)).toEqual(['stop-slow-ones']);
    expect((await send('DELETE', '/alert-rules/stop-slow-ones')).status).toBe(204);
    await pass(minute);
    expect((await send('GET', '/alerts')).body).toEqual({ items: [] });

    hook.current = undefined;
    release();
    await until(id, 'paused', 'running');
    await act(id, 'resume');
    await until(id, 'soaking');
    await act(id, 'rollback');
    await until(id, 'rolled_back');
  });

  it('tells a collector of every phase, once, and of changes', async () => {
    const { plan, act, until, invoke, cloud } = platform;
    const { spans, points } = receiver;
    await invoke('publish-events');
    expect(receiver.types).toEqual([]);
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);

    const { id } = await plan('05-shop.yaml', { options: { soakSeconds: 3_600 } });
    await act(id, 'start');
    await until(id, 'soaking');
    await invoke('publish-events');
    await invoke('watch-migrations');
    const own = () => spans.filter(({ attributes }) => attributes['theseus.migration.id'] === id);
    const early = own().map(({ name }) => name);
    expect(early).toContain('migration publish');
    expect(early).not.toContain('migration soak');
    // Twice is as if once: nothing is told again.
    await invoke('publish-events');
    expect(own()).toHaveLength(early.length);
    const value = (name: string) =>
      points.find(
        (point) =>
          point.name === `theseus.migration.${name}` && point.attributes['theseus.migration.id'] === id,
      );
    expect(value('phase_seconds')).toMatchObject({ unit: 's', attributes: { 'theseus.phase': 'soak' } });

    await act(id, 'complete');
    await until(id, 'completed');
    // Nobody listens: it is told later, in the other form, as if nothing had been.
    receiver.status = 503;
    await invoke('publish-events');
    expect(own()).toHaveLength(early.length);
    receiver.status = 200;
    vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json');
    await cloud.clock.advance(minute);
    await invoke('publish-events');
    const shown = await platform.show(id);
    const told = own();
    expect(told.map(({ name }) => name)).toEqual([
      ...shown.phases.map(({ name }) => `migration ${name}`),
      'migration',
    ]);
    const root = told.at(-1);
    expect(root).toMatchObject({
      parentSpanId: '',
      failed: false,
      start: told[0]?.start,
      end: told.at(-2)?.end,
      attributes: { 'db.system.name': 'postgresql', 'theseus.execution': 'migration' },
    });
    for (const span of told.slice(0, -1)) {
      expect(span).toMatchObject({ traceId: root?.traceId, parentSpanId: root?.spanId, failed: false });
    }
    expect(new Set(told.map(({ spanId }) => spanId)).size).toBe(told.length);
    const backfill = told.find(({ name }) => name === 'migration backfill');
    expect(backfill?.attributes).toMatchObject({
      'db.namespace': `${new URL(platform.url).pathname.slice(1)}.public`,
      'theseus.rows.written': expect.any(Number),
    });
    expect(receiver.types).toEqual(expect.arrayContaining(['application/x-protobuf', 'application/json']));

    await act(id, 'undo', { acceptLosses: true });
    await until(id, 'undone');
    await invoke('publish-events');
    const undo = own().find(({ name }) => name === 'migration undo');
    expect(undo?.traceId).not.toBe(root?.traceId);
    expect(own().some(({ events }) => events.includes('change.published'))).toBe(true);
    expect(await alerting(id, /^change/)).toMatchObject([
      { type: 'change.published', data: { database: 'shop', schema: 'public', tables: expect.any(Array) } },
      { type: 'change.contracted' },
      { type: 'change.completed' },
      { type: 'change.undone' },
    ]);
  });

  it('tells of the phase that failed, and why', async () => {
    const { plan, act, until, invoke, hook } = platform;
    hook.current = ({ name, stage }) => {
      if (name === 'migrations-contract' && stage === 'after') throw new Sabotage('no more contract');
    };
    const { id } = await plan('04-rename-table.yaml', { options: { soakSeconds: 0 } });
    await act(id, 'start');
    await until(id, 'rolled_back');
    hook.current = undefined;
    await invoke('publish-events');
    const own = receiver.spans.filter(({ attributes }) => attributes['theseus.migration.id'] === id);
    const failed = own.filter((span) => span.failed);
    expect(failed.map(({ name }) => name)).toEqual(['migration contract', 'migration']);
    expect(failed[0]?.events).toContain('exception');
    expect(own.at(-1)).toMatchObject({ name: 'migration rollback', failed: false });
    expect(new Set(own.map(({ traceId }) => traceId)).size).toBe(2);
    expect((await alerting(id, /^change/)).map(({ type }) => type)).toEqual([
      'change.published',
      'change.rolled_back',
    ]);
  });
});
