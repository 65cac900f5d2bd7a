import { fork } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '#local/postgres/shared.ts';
import { MIN_ROWS, START } from '../../pacing/pace.ts';
import type { BackfillProgress } from '../engine.ts';
import { backfillRange } from './backfill.ts';
import { chunkStatement, fencePhase, openWorker, runChunk } from './chunks.ts';
import { openSession, type Session } from './connection.ts';
import { setFencePhase, takeFence } from './fence.ts';
import { splitRanges } from './ranges.ts';
import { everything, fence, id, makePeople, openerOf, people, splitName, WAITING } from './test-target.ts';

const forever = () => ({ signal: new AbortController().signal, until: Number.POSITIVE_INFINITY });
const options = (more: Partial<Parameters<typeof backfillRange>[5]> = {}) => ({
  ...forever(),
  pace: START,
  baselineP99Ms: 5,
  onProgress: async () => true,
  ...more,
});

describe('a backfill by key ranges', () => {
  let url: string;
  let admin: Session;
  const open = (...given: Parameters<ReturnType<typeof openerOf>>) => openerOf(url)(...given);

  beforeAll(async () => {
    url = await createDatabase('backfill');
    admin = await openSession(url, { applicationName: 'test' });
  });
  afterAll(() => admin?.close());

  const count = async (where: string): Promise<number> =>
    Number((await admin.query(`SELECT count(*) FROM shop.people WHERE ${where}`)).rows[0]?.count);
  const waiting = async () => (await admin.query(WAITING)).rowCount;
  const unwritten = () => count('first IS NULL');

  it.each([
    ['bigint with gaps', 'id bigint', 'g * g', [{ column: 'id', type: 'bigint' }]],
    ['uuid', 'id uuid', 'gen_random_uuid()', [{ column: 'id', type: 'uuid' }]],
    ['text', 'id text', "md5(g::text) || ' é''\"'", [{ column: 'id', type: 'text' }]],
    [
      'composite',
      'tenant text, id numeric, at timestamptz',
      "'t' || g % 7, g / 4.0, '2026-01-01'::timestamptz + g * interval '1.5 s'",
      [
        { column: 'tenant', type: 'text' },
        { column: 'id', type: 'numeric' },
        { column: 'at', type: 'timestamp with time zone' },
      ],
    ],
  ])('fills every row once over a key of %s, range by range', async (_name, columns, select, key) => {
    await makePeople(admin, columns, select, 3_001);
    const ranges = await splitRanges(admin, people, key, 4);
    expect(ranges).toHaveLength(4);
    let written = 0;
    for (const range of ranges) {
      const { status, progress } = await backfillRange(open, splitName(key), range, null, fence, options());
      expect(status).toBe('done');
      expect(progress.rowsSeen).toBe(progress.rowsWritten);
      expect(progress.rowsSeen).toBeGreaterThan(3_001 / 8);
      expect(progress.rowsSeen).toBeLessThan(3_001 / 2);
      written += progress.rowsWritten;
    }
    expect(written).toBe(3_001);
    expect(await count("first = 'Mary'")).toBe(3_001);
  });

  it('stops when asked, goes on from the last key, and may run any part again', async () => {
    await makePeople(admin, 'id bigint', 'g', 3_000);
    const [range = everything] = await splitRanges(admin, people, id, 1);
    let clockReads = 0;
    const halfway = {
      ...options(),
      get until() {
        return ++clockReads > 5 ? 0 : Number.POSITIVE_INFINITY;
      },
    };
    const first = await backfillRange(open, splitName(id), range, null, fence, halfway);
    const written = first.progress.rowsWritten;
    expect(first).toMatchObject({ status: 'more', progress: { last: [String(written)], chunks: 5 } });
    expect(await unwritten()).toBe(3_000 - written);

    const back = [String(written - 100)];
    const again = await backfillRange(open, splitName(id), range, back, fence, options());
    expect(again).toMatchObject({
      status: 'done',
      progress: { last: ['3000'], rowsSeen: 3_100 - written, rowsWritten: 3_000 - written },
    });
    expect(await unwritten()).toBe(0);
  });

  it('reports progress and pauses after the chunk in hand', async () => {
    await makePeople(admin, 'id bigint', 'g', 2_000);
    // Every row takes 2 ms to write, so a progress report falls due before the end.
    const slow = splitName(id);
    slow.set = [
      { column: 'first', type: 'text', expression: "CASE WHEN pg_sleep(0.002)::text = '' THEN 'Mary' END" },
    ];
    const reports: BackfillProgress[] = [];
    const onProgress = async (progress: BackfillProgress) => {
      reports.push(progress);
      return false;
    };
    const { status, progress } = await backfillRange(
      open,
      slow,
      everything,
      null,
      fence,
      options({ onProgress }),
    );
    expect(status).toBe('paused');
    expect(reports).toHaveLength(1);
    expect(progress.rowsWritten).toBe(Number(progress.last?.[0]));
    expect(await count('first IS NOT NULL')).toBe(progress.rowsWritten);
    // 200 rows held their locks for 400 ms: the pace has gone down.
    expect(progress.pace.chunkRows).toBeLessThan(200);
  });

  it('never overwrites what a client wrote, not even while the chunk waits for that client', async () => {
    await makePeople(admin, 'id bigint', 'g', 400);
    const client = await openSession(url, { applicationName: 'client', schema: 'shop' });
    const worker = await openWorker(open, 'backfill', people, id, false);
    await worker.query("SET lock_timeout = '5s'");
    await client.query('BEGIN');
    await client.query("UPDATE people SET first = 'Mary Ann' WHERE id = 150");
    await client.query("UPDATE people SET name = 'Juan de la Cruz' WHERE id = 151");
    await client.query('DELETE FROM people WHERE id = 152');
    const chunk = runChunk(worker, chunkStatement(splitName(id), false, false), fence, 'backfill', 200, []);
    // The chunk's snapshot is taken and it waits for row 150.
    await expect
      .poll(
        async () =>
          (await admin.query('SELECT cardinality(pg_blocking_pids($1)) AS n', [worker.pid])).rows[0]?.n,
      )
      .toBe(1);
    await client.query('COMMIT');
    expect(await chunk).toMatchObject({ seen: 200, written: 198, last: ['200'] });
    const { rows } = await admin.query(
      'SELECT id, first FROM shop.people WHERE id BETWEEN 149 AND 153 ORDER BY id',
    );
    expect(rows.map((row) => row.first)).toEqual(['Mary', 'Mary Ann', 'Juan', 'Mary']);
    await client.close();
    await worker.close();
  });

  it('yields to a lock instead of making clients wait behind it, then finishes', async () => {
    await makePeople(admin, 'id bigint', 'g', 1_000);
    const client = await openSession(url, { applicationName: 'client', schema: 'shop' });
    await client.query('BEGIN');
    await client.query('SELECT FROM people WHERE id = 500 FOR UPDATE');
    const filling = backfillRange(open, splitName(id), everything, null, fence, options());
    // The chunk with row 500 gave up at least once: rows written before it in that chunk are free again.
    await expect
      .poll(waiting, {
        interval: 5,
      })
      .toBe(1);
    await expect
      .poll(waiting, {
        interval: 5,
      })
      .toBe(0);
    await client.query('COMMIT');
    const { status, progress } = await filling;
    expect(status).toBe('done');
    expect(progress.lockWaits).toBeGreaterThanOrEqual(1);
    expect(progress.pace.chunkRows).toBeLessThanOrEqual(100);
    expect(await unwritten()).toBe(0);
    await client.close();
  });

  it('refuses a zombie: after a takeover, and in a phase that is over', async () => {
    await makePeople(admin, 'id bigint', 'g', 1_000);
    const worker = await openWorker(open, 'backfill', people, id, false);
    const statement = chunkStatement(splitName(id), false, false);
    const phase = await fencePhase(worker, fence);
    expect(await runChunk(worker, statement, fence, phase, 200, [])).toMatchObject({ written: 200 });

    await setFencePhase(admin, fence, 'verify');
    await expect(runChunk(worker, statement, fence, phase, 200, [])).rejects.toMatchObject({
      name: 'FenceLost',
    });
    await setFencePhase(admin, fence, 'backfill');
    await takeFence(admin, { ...fence, epoch: 2 }, { name: 'split', schema: 'shop', phase: 'backfill' });
    await expect(runChunk(worker, statement, fence, phase, 200, [])).rejects.toMatchObject({
      name: 'FenceLost',
    });
    await expect(
      backfillRange(open, splitName(id), everything, null, fence, options()),
    ).rejects.toMatchObject({
      name: 'FenceLost',
    });
    expect(await count('first IS NOT NULL')).toBe(200);
    await worker.close();
    await admin.query('DELETE FROM theseus.fence');
  });

  it('makes a takeover wait for the chunk in flight, and refuses a chunk that came second', async () => {
    await makePeople(admin, 'id bigint', 'g', 400);
    const worker = await openWorker(open, 'backfill', people, id, false);
    await worker.query('BEGIN');
    const statement = chunkStatement(splitName(id), false, false);
    await runChunk(worker, statement, fence, 'backfill', 200, []);
    const other = await openSession(url, { applicationName: 'other' });
    const takeover = takeFence(
      other,
      { ...fence, epoch: 2 },
      { name: 'split', schema: 'shop', phase: 'backfill' },
    );
    await expect
      .poll(async () => (await admin.query('SELECT pg_blocking_pids($1) AS by', [other.pid])).rows[0]?.by)
      .toEqual([worker.pid]);
    await worker.query('COMMIT');
    await takeover;

    // The other way round: the chunk's snapshot is older than the takeover that it waits for.
    await other.query('BEGIN');
    await other.query('UPDATE theseus.fence SET epoch = 3');
    await worker.query("SET lock_timeout = '5s'");
    const late = runChunk(worker, statement, { ...fence, epoch: 2 }, 'backfill', 200, []);
    const refused = expect(late).rejects.toMatchObject({ name: 'FenceLost' });
    await expect
      .poll(async () => (await admin.query('SELECT pg_blocking_pids($1) AS by', [worker.pid])).rows[0]?.by)
      .toEqual([other.pid]);
    await other.query('COMMIT');
    await refused;
    expect(await count('first IS NOT NULL')).toBe(200);
    await worker.close();
    await other.close();
    await admin.query('DELETE FROM theseus.fence');
  });

  it('loses nothing when the worker is killed in the middle of a range', async () => {
    await makePeople(admin, 'id bigint', 'g', 30_000);
    const child = fork(new URL('./test-worker.ts', import.meta.url), [url], { silent: true });
    await expect
      .poll(() => count('first IS NOT NULL'), { interval: 5, timeout: 60_000 })
      .toBeGreaterThan(1_000);
    child.kill('SIGKILL');
    const left = await unwritten();
    expect(left).toBeGreaterThan(0);
    const { progress } = await backfillRange(open, splitName(id), everything, null, fence, options());
    expect(progress.rowsSeen).toBe(30_000);
    expect(await count("first = 'Mary'")).toBe(30_000);
  });

  it('reads by the index alone, however the table grows', async () => {
    await makePeople(admin, 'tenant text, id bigint', "'t' || g % 7, g", 30_000);
    const key = [{ column: 'tenant', type: 'text' }, ...id];
    const worker = await openWorker(open, 'backfill', people, key, false);
    const { text } = chunkStatement(splitName(key), true, true);
    const types = 'text, bigint, text, int, text, bigint, text, bigint';
    await worker.query(`PREPARE chunk(${types}) AS ${text}`);
    const plan = await worker.query(
      "EXPLAIN (ANALYZE, COSTS OFF) EXECUTE chunk('mig_1', 1, 'backfill', 200, 't3', 900, 't9', 0)",
    );
    const printed = plan.rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(printed).not.toContain('Seq Scan');
    expect(printed).toContain('Index Only Scan');
    expect(printed).not.toContain('Rows Removed by Filter');
    await worker.close();
  });

  it('measures a baseline, probes the table and tells the live p99', async () => {
    await makePeople(admin, 'id bigint', 'g', 25_000);
    const reports: BackfillProgress[] = [];
    const onProgress = async (progress: BackfillProgress) => reports.push(progress) > 0;
    const backfill = splitName(id, 25_000);
    const { progress } = await backfillRange(open, backfill, everything, null, fence, {
      ...forever(),
      pace: START,
      onProgress,
    });
    expect(progress.baselineP99Ms).toBeGreaterThan(0);
    expect(reports.at(-1)?.probeP99Ms).toBeGreaterThan(0);
    expect(await unwritten()).toBe(0);
  });

  it('follows the probe, the limit and the metric that the migration names', async () => {
    // Enough that it is not done before the probe has told anything.
    await makePeople(admin, 'id bigint', 'g', 300_000);
    const named = { probe: 'SELECT pg_sleep(0.02) -- a slow read', p99LimitMs: 5 };
    const { progress } = await backfillRange(
      open,
      splitName(id, 300_000),
      everything,
      null,
      fence,
      options({ pacing: named, onProgress: async ({ pace }) => pace.chunkRows > MIN_ROWS }),
    );
    expect(progress.probeP99Ms).toBeGreaterThan(19);
    expect(progress.pace.chunkRows).toBe(MIN_ROWS);
    const { progress: second } = await backfillRange(
      open,
      splitName(id, 300_000),
      everything,
      progress.last,
      fence,
      options({
        pacing: { metric: { query: 'SELECT 51', limit: 50 } },
        baselineP99Ms: 50,
        onProgress: async ({ pace }) => pace.chunkRows > MIN_ROWS,
      }),
    );
    expect(second.pace.chunkRows).toBe(MIN_ROWS);
    expect(await unwritten()).toBeGreaterThan(0);
  });
});
