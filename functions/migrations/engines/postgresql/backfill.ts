import { clock } from '#platform/clock.ts';
import { firstState, type Limits, nextPace, type PaceState, roomBeside } from '../../pacing/pace.ts';
import type { Backfill } from '../../plan/schemas.ts';
import type { BackfillProgress, Engine, Fence, KeyRange, Pacing } from '../engine.ts';
import { watchApplication } from './application.ts';
import {
  backOff,
  type Chunk,
  chunkStatement,
  fencePhase,
  flush,
  type Open,
  openWorker,
  patiently,
  runChunk,
} from './chunks.ts';
import type { Session } from './connection.ts';
import { seeKeyTypes } from './keyset.ts';
import { measureBaseline, type Probe, READ_TIMEOUT_MS, startProbe, type Window } from './probe.ts';

/** A table of fewer rows is filled before a probe would have learnt anything. */
const PROBE_FROM_ROWS = 20_000;
const PROGRESS_EVERY_MS = 1_000;
/** What "live latency" in a progress report looks back on. */
const LATENCY_WINDOW_MS = 5_000;
const UNSEEN: Window = { p99Ms: null, samples: 0, quietP99Ms: null, quietSamples: 0 };

type Options = Parameters<Engine['backfillRange']>[4];

/**
 * Fills one range chunk by chunk, each in its own transaction, at a pace that a probe steers. A chunk only writes rows
 * nobody has written, so any part of a range may be run again. Rows whose key a client moves out of the part still to
 * come are not seen here: verification finds them.
 */
export async function backfillRange(
  open: Open,
  backfill: Backfill,
  range: KeyRange,
  from: string[] | null,
  fence: Fence,
  options: Options,
): Promise<{ status: 'done' | 'more' | 'paused'; progress: BackfillProgress }> {
  const worker = await openWorker(open, 'backfill', backfill.table, backfill.key, false);
  let probing: { session: Session; probe: Probe } | null = null;
  try {
    const phase = await fencePhase(worker, fence);
    probing = await openProbe(open, backfill, worker.pid, options.pacing);
    const baselineP99Ms =
      options.baselineP99Ms ?? (probing && (await measureBaseline(probing.probe, options.signal)));
    const pacing = firstState(options.pace, baselineP99Ms, clock.monotonic());
    const first = chunkStatement(backfill, false, range.to !== null);
    const next = chunkStatement(backfill, true, range.to !== null);
    return await fill(probing?.probe ?? null, {
      table: backfill.table.name,
      from,
      pacing,
      options,
      chunk: (last, rows) => {
        const after = last ?? range.from;
        const bounds = [...(after ?? []), ...(range.to ?? [])];
        return runChunk(worker, after === null ? first : next, fence, phase, rows, bounds);
      },
      flush: () => flush(worker, fence, phase),
    });
  } finally {
    await probing?.probe.stop();
    await probing?.session.close();
    await worker.close();
  }
}

/** Null where there is nothing to learn, or no connection left for it: then the pace stays careful. */
export async function openProbe(
  open: Open,
  { table, key, estimatedRows }: Pick<Backfill, 'table' | 'key' | 'estimatedRows'>,
  workerPid: number,
  pacing: Pacing | undefined,
): Promise<{ session: Session; probe: Probe } | null> {
  if (estimatedRows < PROBE_FROM_ROWS) return null;
  let session: Session | null = null;
  try {
    session = await open('probe', {
      readOnly: true,
      schema: table.schema,
      statementTimeoutMs: READ_TIMEOUT_MS,
    });
    await seeKeyTypes(session, key);
    const application = await watchApplication(session);
    const named = { probe: pacing?.probe ?? null, metric: pacing?.metric?.query ?? null };
    return { session, probe: await startProbe(session, table, key, workerPid, named, application) };
  } catch {
    await session?.close();
    return null;
  }
}

/** Rows that go by key ranges, whatever is done to them. */
export interface Work {
  /** Named when it cannot go on. */
  table: string;
  from: string[] | null;
  pacing: PaceState;
  options: Options;
  /** The next rows after `last`, or from the beginning; null: it yielded to a lock and wrote nothing. */
  chunk: (last: string[] | null, rows: number) => Promise<Chunk | null>;
  /** What was written is on the server's disk. */
  flush: () => Promise<void>;
}

/** Chunk after chunk at the pace that the probe allows, until the range, the time or the wish for it ends. */
export async function fill(
  probe: Probe | null,
  work: Work,
): Promise<{ status: 'done' | 'more' | 'paused'; progress: BackfillProgress }> {
  const { table, options } = work;
  let pacing = work.pacing;
  const limits: Limits = {
    p99Ms: options.pacing?.p99LimitMs ?? null,
    replicationLagMs: options.pacing?.replicationLagLimitMs ?? null,
    metric: options.pacing?.metric?.limit ?? null,
  };
  let attempt = 0;
  let reportedAt = clock.monotonic();
  const progress: BackfillProgress = {
    last: work.from,
    rowsSeen: 0,
    rowsWritten: 0,
    chunks: 0,
    lockWaits: 0,
    probeP99Ms: null,
    pace: pacing.pace,
    baselineP99Ms: pacing.baselineP99Ms,
    replicationLagMs: null,
    connections: probe === null ? 1 : 2,
    longestChunkMs: 0,
    room: null,
  };
  // A checkpoint must not be ahead of the database: a range that counts as done is never read by a backfill again.
  const report = async () => {
    await patiently(work.flush, table, options.signal);
    reportedAt = clock.monotonic();
    progress.probeP99Ms = probe?.window(reportedAt - LATENCY_WINDOW_MS).p99Ms ?? null;
    progress.replicationLagMs = probe?.load()?.replicationLagMs ?? null;
    const said = { ...progress };
    // The next report tells of what comes after this one.
    if (progress.room === 'none') progress.room = 'enough';
    return options.onProgress(said);
  };
  const end = async (status: 'done' | 'more') => {
    await report();
    return { status, progress };
  };

  for (;;) {
    options.signal.throwIfAborted();
    if (clock.now() >= options.until) return end('more');
    const rows = pacing.pace.chunkRows;
    const chunk = await work.chunk(progress.last, rows);

    const load = probe?.load() ?? null;
    const fresh = load && load.at >= pacing.since ? load : null;
    const recent = load && load.at >= clock.monotonic() - LATENCY_WINDOW_MS ? load : null;
    const window = probe?.window(pacing.since) ?? UNSEEN;
    const seen = {
      at: clock.monotonic(),
      probeP99Ms: window.p99Ms,
      probeSamples: window.samples,
      quietP99Ms: window.quietP99Ms,
      quietSamples: window.quietSamples,
      application: fresh?.application ?? null,
      // A chunk that yielded waited for others: that is said by lockTimedOut.
      chunkMs: chunk?.durationMs ?? 0,
      waiters: fresh?.waiters ?? 0,
      lockTimedOut: chunk === null,
      fresh: fresh !== null,
      replicationLagMs: recent?.replicationLagMs ?? null,
      walBytesPerSecond: fresh?.walBytesPerSecond ?? null,
      deadShare: fresh?.deadShare ?? null,
      slotRoomBytes: fresh?.slotRoomBytes ?? null,
      metric: recent?.metric ?? null,
      beside: options.beside?.() ?? false,
    };
    // A limit that was met is said, also when the next chunk is far from it.
    if (progress.room !== 'none') progress.room = roomBeside(pacing, seen, limits) ?? progress.room ?? null;
    pacing = nextPace(pacing, seen, limits);
    progress.pace = pacing.pace;
    progress.baselineP99Ms = pacing.baselineP99Ms;
    if (chunk === null) {
      progress.lockWaits += 1;
      await backOff(attempt, table, options.signal);
      attempt += 1;
      continue;
    }
    attempt = 0;
    progress.chunks += 1;
    progress.longestChunkMs = Math.max(progress.longestChunkMs, chunk.durationMs);
    progress.rowsSeen += chunk.seen;
    progress.rowsWritten += chunk.written;
    progress.last = chunk.last ?? progress.last;
    if (chunk.seen < rows) return end('done');
    if (clock.monotonic() - reportedAt >= PROGRESS_EVERY_MS) {
      if (!(await report())) return { status: 'paused' as const, progress };
    }
    const pauseMs = Math.max(pacing.pace.pauseMs, pacing.controlMs);
    if (pauseMs > 0) {
      probe?.setQuiet(pacing.controlMs > 0 ? 'control' : 'pause');
      await clock.sleep(pauseMs, options.signal);
      probe?.setQuiet('no');
    }
  }
}
