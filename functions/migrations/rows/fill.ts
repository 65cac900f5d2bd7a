import { clock } from '#platform/clock.ts';
import { withTarget } from '../databases/target.ts';
import type { BackfillProgress, RunOptions } from '../engines/engine.ts';
import { readRanges } from '../executions/progress.ts';
import { mayBegin, mustYield } from '../pacing/beside.ts';
import type { Room } from '../pacing/room.ts';
import type { MigrationRecord, RangeRecord } from '../records.ts';
import { secondsToWindow } from '../schedule/waits.ts';
import { checkpoint, openRange, type RangeTask, smoothRate, wanted } from './range-task.ts';

/** Where a range begins that nobody has learnt anything of. */
export const firstPace = { chunkRows: 200, pauseMs: 0 };

/** `closed`: the hours of its backfill are over; the next begin in so many seconds. `more` may wait, too: for room. */
export type FillResult =
  | { status: 'done' | 'paused' }
  | { status: 'more'; waitSeconds?: number }
  | { status: 'closed'; waitSeconds: number };

/** After so many seconds a range asks again whether others leave room. */
const roomWaitSeconds = 5;
/** A range that was not heard of for so long is not at work; each tells of itself once a second, ms. */
const silenceMs = 10_000;

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
  let yielded = false;
  const wait = async (record: RangeRecord): Promise<FillResult> => {
    await checkpoint(task, { ...record, room: 'waiting', updatedAt: clock.now() });
    return { status: 'more', waitSeconds: roomWaitSeconds };
  };
  const several = record.options.concurrency > 1;
  let others = several ? await othersAtWork(input, start) : [];
  const begins = start.chunks === 0 || start.room === 'waiting';
  if (begins && !mayBegin(others.map(({ room }) => room))) return wait(latest);
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
      beside: () => others.length > 0,
      onProgress: async (progress) => {
        await save(progress, 'working');
        still = standstill(await wanted(input.migrationId));
        if (several) others = await othersAtWork(input, start);
        const first = others.every((other) => placeOf(start) < placeOf(other));
        yielded = mustYield(
          first,
          progress.room ?? null,
          others.map(({ room }) => room),
        );
        return !finished && still === undefined && !yielded;
      },
    }),
  );
  if (finished) return { status: 'done' };
  if (result.status === 'done') await save(result.progress, 'done');
  // What it took for the quiet database was one on which others were at work.
  if (result.status === 'paused' && still === undefined && yielded)
    return wait({ ...latest, baselineP99Ms: start.baselineP99Ms });
  return result.status === 'paused' && still !== undefined ? still : { status: result.status };
}

type AtWork = RangeRecord & { room: Room | null };

/** The other ranges that are filled at this moment. */
async function othersAtWork(
  { migrationId, epoch }: Pick<RangeTask, 'migrationId' | 'epoch'>,
  own: RangeRecord,
): Promise<AtWork[]> {
  const heardSince = clock.now() - silenceMs;
  return (await readRanges(migrationId, own.stage)).filter(
    (other): other is AtWork =>
      other.status === 'working' &&
      other.room !== 'waiting' &&
      other.epoch === epoch &&
      other.updatedAt >= heardSince &&
      placeOf(other) !== placeOf(own),
  );
}

/** Ranges in one order, the same for all of them. */
const placeOf = ({ work, range }: RangeRecord): string => `${work}/${String(range).padStart(4, '0')}`;

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
    room: progress.room ?? null,
    memoryBytes: process.memoryUsage.rss(),
    longestChunkMs: Math.max(latest.longestChunkMs ?? 0, progress.longestChunkMs),
    rowsPerSecond: smoothRate(latest.rowsPerSecond, rowsSeen - latest.rowsSeen, now - latest.updatedAt),
    updatedAt: now,
  };
}
