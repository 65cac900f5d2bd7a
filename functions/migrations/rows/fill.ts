import { clock } from '#platform/clock.ts';
import type { BackfillProgress, RunOptions } from '../engines/engine.ts';
import { ExecutionSuperseded } from '../errors.ts';
import { readRanges, saveRange } from '../progress.ts';
import type { RangeRecord } from '../records.ts';
import { withTarget } from '../target.ts';
import { mayGoOn, openRange, type RangeTask, smoothRate } from './range-task.ts';

const firstPace = { chunkRows: 200, pauseMs: 0 };

/** Fills one key range from its last checkpoint on. */
export async function fillRange(
  input: Omit<RangeTask, 'stage'>,
  options: RunOptions,
): Promise<'done' | 'more' | 'paused'> {
  const task: RangeTask = { ...input, stage: 'backfill' };
  const { record, work, bounds, checkpoint } = await openRange(task, (plan) => plan.backfill);
  if (checkpoint.status === 'done') return 'done';
  if (record.status === 'paused') return 'paused';

  let latest: RangeRecord = { ...checkpoint, epoch: input.epoch };
  let paused = false;
  const save = async (progress: BackfillProgress, status: RangeRecord['status']) => {
    latest = after(checkpoint, latest, progress, status);
    if (await saveRange(input.migrationId, latest)) return;
    throw new ExecutionSuperseded(`Another run works on range ${work.id}/${input.item.range}`, {
      evidence: { migration: input.migrationId, epoch: input.epoch, ...input.item },
    });
  };

  const learnt = await learntFrom(input.migrationId, checkpoint);
  const fence = { migration: input.migrationId, epoch: input.epoch };
  const result = await withTarget(record, 'backfill', (engine) =>
    engine.backfillRange(work, bounds, checkpoint.last, fence, {
      ...options,
      pace: learnt.pace ?? firstPace,
      baselineP99Ms: learnt.baselineP99Ms,
      onProgress: async (progress) => {
        await save(progress, 'working');
        paused = !(await mayGoOn(input.migrationId));
        return !paused;
      },
    }),
  );
  if (result.status === 'done') await save(result.progress, 'done');
  return result.status;
}

/** The range of the same table that knows latency and pace best: itself, else the one that worked last. */
async function learntFrom(migrationId: string, checkpoint: RangeRecord): Promise<RangeRecord> {
  if (checkpoint.baselineP99Ms !== null) return checkpoint;
  const others = (await readRanges(migrationId, 'backfill')).filter(
    ({ work, baselineP99Ms }) => work === checkpoint.work && baselineP99Ms !== null,
  );
  return others.reduce(
    (best, other) => (other.updatedAt > best.updatedAt ? other : best),
    others[0] ?? checkpoint,
  );
}

/** The checkpoint after `progress`, which counts from the beginning of this call. */
function after(
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
    rowsPerSecond: smoothRate(latest.rowsPerSecond, rowsSeen - latest.rowsSeen, now - latest.updatedAt),
    updatedAt: now,
  };
}
