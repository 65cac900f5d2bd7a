import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { openSession, type Session } from './connection.ts';
import { type Probe, quantile, startProbe } from './probe.ts';
import { id, makePeople, people } from './test-target.ts';

describe('quantile', () => {
  it('takes the nearest rank, and null of nothing', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile(hundred, 0.5)).toBe(50);
    expect(quantile([7], 0.99)).toBe(7);
    expect(quantile([], 0.5)).toBeNull();
  });
});

describe('the probe', () => {
  let url: string;
  let worker: Session;
  let client: Session;
  let reader: Session;
  let probe: Probe;

  beforeAll(async () => {
    url = await createDatabase('probe');
    const open = () => openSession(url, { applicationName: 'test', schema: 'shop' });
    [worker, client, reader] = await Promise.all([open(), open(), open()]);
    await makePeople(worker, 'id bigint', 'g', 1_000);
    await worker.query('CREATE TABLE shop.queue (length int); INSERT INTO shop.queue VALUES (7)');
    const metric = 'SELECT sum(length) FROM shop.queue';
    probe = await startProbe(reader, people, id, worker.pid, { probe: null, metric });
  });
  afterAll(async () => {
    await probe?.stop();
    await Promise.all([worker, client, reader].map((session) => session?.close()));
  });

  it('counts the sessions that wait for the worker, and nobody else', async () => {
    await expect.poll(() => probe.load()?.waiters, { timeout: 30_000 }).toBe(0);
    await worker.query('BEGIN');
    await worker.query("UPDATE people SET first = 'x' WHERE id = 1");
    const waiting = client.query("UPDATE people SET first = 'y' WHERE id = 1");
    await expect.poll(() => probe.load()?.waiters, { timeout: 30_000 }).toBe(1);
    await worker.query('COMMIT');
    await waiting;
    await expect.poll(() => probe.load()?.waiters, { timeout: 30_000 }).toBe(0);
    expect(probe.load()?.walBytesPerSecond).toBeGreaterThanOrEqual(0);
  });

  it('looks at the number that is named, and goes on while it cannot be read', async () => {
    await expect.poll(() => probe.load()?.metric, { timeout: 30_000 }).toBe(7);
    await client.query('ALTER TABLE shop.queue RENAME TO elsewhere');
    await expect.poll(() => probe.load()?.metric, { timeout: 30_000 }).toBe(null);
    await client.query('ALTER TABLE shop.elsewhere RENAME TO queue; UPDATE shop.queue SET length = 8');
    await expect.poll(() => probe.load()?.metric, { timeout: 30_000 }).toBe(8);
  });

  it('sees rows that vacuum cannot take away', async () => {
    expect(probe.load()).toMatchObject({ deadShare: null, slotRoomBytes: null });
    const holder = await openSession(url, { applicationName: 'test' });
    await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    for (let round = 0; round < 12; round += 1) await client.query('UPDATE people SET first = $1', [round]);
    await client.query('SELECT pg_stat_force_next_flush()');
    await client.query('SELECT 1');
    await expect.poll(() => probe.load()?.deadShare, { timeout: 30_000 }).toBeGreaterThan(1.5);
    await holder.close();
  });

  it('feels a lock on the table while it lasts, not only afterwards, and goes on', async () => {
    const since = performance.now();
    await worker.query('BEGIN');
    await worker.query('LOCK TABLE people IN ACCESS EXCLUSIVE MODE');
    await expect.poll(() => probe.window(since).p99Ms, { timeout: 30_000 }).toBeGreaterThan(100);
    await worker.query('ROLLBACK');
    const after = performance.now();
    await expect.poll(() => probe.window(after).samples, { timeout: 30_000 }).toBeGreaterThan(2);
  });

  it('keeps the reads of a pause apart', async () => {
    const since = performance.now();
    await expect.poll(() => probe.window(since).samples, { timeout: 30_000 }).toBeGreaterThan(2);
    expect(probe.window(since).quietSamples).toBe(0);
    probe.setQuiet('control');
    await expect.poll(() => probe.window(since).quietSamples, { timeout: 30_000 }).toBeGreaterThan(2);
    probe.setQuiet('no');
    const { samples, quietSamples } = probe.window(since);
    expect(quietSamples).toBeLessThan(samples);
  });
});
