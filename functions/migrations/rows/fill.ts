import { clock } from '#platform/clock.ts';
import { withTarget } from '../databases/target.ts';
import type { BackfillProgress, RunOptions } from '../engines/engine.ts';
import { readRanges } from '../executions/progress.ts';
import type { MigrationRecord, RangeRecord } from '../records.ts';
import { secondsToWindow } from '../schedule/waits.ts';
import { checkpoint, openRange, type RangeTask, smoothRate, wanted } from './range-task.ts';

/** Where a range begins that nobody has learnt anything of. */
export const firstPace = { chunkRows: 200, pauseMs: 0 };

/** `closed`: the hours of its backfill are over; the next begin in so many seconds. */
export type FillResult = { status: 'done' | 'more' | 'paused' } | { status: 'closed'; waitSeconds: number };

/** Why a range stands still, if it does. */
export function standstill({ status, schedule }: MigrationRecord): FillResult | undefined {
  if (status === 'paused') return { status };
  const waitSeconds = secondsToWindow(schedule, clock.now());
  return waitSeconds > 0 ? { status: 'closed', waitSeconds } : undefined;
}

/** Fills one key range from its last checkpoint on, within the hours of its schedule. */
export async function fillRange(input: Omit<RangeTask, 'stage'>, options: RunOptions): Promise<FillResult> {
  const task: RangeTask = { ...input, stage: 'backfill' };
  const { record, work, bounds, start } = await openRange(task, (plan) => plan.backfill);
  if (start.status === 'done') return { status: 'done' };
  let still = standstill(record);
  if (still !== undefined) return still;

  let latest: RangeRecord = { ...start, epoch: input.epoch };
  let finished = false;
  const save = async (progress: BackfillProgress, status: RangeRecord['status']) => {
    latest = after(start, latest, progress, status);
    finished = (await checkpoint(task, latest)) === 'finished';
  };

  const learnt = await learntFrom(input.migrationId, start);
  const fence = { migration: input.migrationId, epoch: input.epoch };
  const result = await withTarget(record, 'backfill', (engine) =>
    engine.backfillRange(work, bounds, start.last, fence, {
      ...options,
      pace: learnt.pace ?? firstPace,
      baselineP99Ms: learnt.baselineP99Ms,
      pacing: record.options.pacing,
      onProgress: async (progress) => {
        await save(progress, 'working');
        still = standstill(await wanted(input.migrationId));
        return !finished && still === undefined;
      },
    }),
  );
  if (finished) return { status: 'done' };
  if (result.status === 'done') await save(result.progress, 'done');
  return result.status === 'paused' && still !== undefined ? still : { status: result.status };
}

/** The range of the same table that knows latency and pace best: itself, else the one that worked last. */
export async function learntFrom(migrationId: string, start: RangeRecord): Promise<RangeRecord> {
  if (start.baselineP99Ms !== null) return start;
  const others = (await readRanges(migrationId, start.stage)).filter(
    ({ work, baselineP99Ms }) => work === start.work && baselineP99Ms !== null,
  );
  return others.reduce(
    (best, other) => (other.updatedAt > best.updatedAt ? other : best),
    others[0] ?? start,
  );
}

/** The checkpoint after `progress`, which counts from the beginning of this call. */
export function after(
  start: RangeRecord,
  latest: RangeRecord,
  progress: BackfillProgress,
  status: RangeRecord['status'],
): RangeRecord {
  const now = clock.now();
  const rowsSeen = start.rowsSeen + progress.rowsSeen;
  return {
    ...latest,
    status,
    last: progress.last ?? start.last,
    rowsSeen,
    rowsWritten: start.rowsWritten + progress.rowsWritten,
    chunks: start.chunks + progress.chunks,
    lockWaits: start.lockWaits + progress.lockWaits,
    baselineP99Ms: progress.baselineP99Ms ?? latest.baselineP99Ms,
    probeP99Ms: progress.probeP99Ms ?? latest.probeP99Ms,
    pace: progress.pace,
    replicationLagMs: progress.replicationLagMs,
    connections: progress.connections,
    memoryBytes: process.memoryUsage.rss(),
    longestChunkMs: Math.max(latest.longestChunkMs ?? 0, progress.longestChunkMs),
    rowsPerSecond: smoothRate(latest.rowsPerSecond, rowsSeen - latest.rowsSeen, now - latest.updatedAt),
    updatedAt: now,
  };
}
