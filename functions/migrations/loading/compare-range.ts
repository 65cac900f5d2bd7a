import { clock } from '#platform/clock.ts';
import { readPlan } from '../artifacts.ts';
import { comparisonsOf } from '../data/comparisons.ts';
import { withTarget } from '../databases/target.ts';
import type { CompareResult, RowSource, RunOptions } from '../engines/engine.ts';
import type { RangeRecord } from '../records.ts';
import { checked, checkpoint, openRange, type RangeTask, wanted } from '../rows/range-task.ts';
import { dataOf, withSource } from './source.ts';

/** Between two checkpoints, ms. */
const sliceMs = 1_000;
/** Keys of rows of others that one range names. */
const mostNamed = 100;

/** Compares one key range of a load from its last checkpoint on; what differs is repaired under the rows' locks. */
export async function compareLoad(
  input: Omit<RangeTask, 'stage'>,
  options: RunOptions,
): Promise<'done' | 'more' | 'paused'> {
  const task: RangeTask = { ...input, stage: 'compare' };
  const { record, work, bounds, start } = await openRange(task, (plan) =>
    // `full`: whether keys are compared, too, was decided with the ranges.
    comparisonsOf(dataOf(plan), 'full'),
  );
  if (start.status === 'done') return 'done';
  const data = dataOf(await readPlan(record));
  const { load } = work;
  const fence = { migration: input.migrationId, epoch: input.epoch };
  const compare = (source: RowSource | null) =>
    withTarget(record, 'compare', async (engine) => {
      let latest: RangeRecord = { ...start, epoch: input.epoch };
      for (;;) {
        if ((await wanted(input.migrationId)).status === 'paused') return 'paused';
        const until = Math.min(options.until, clock.now() + sliceMs);
        const run = { ...options, until, from: latest.last };
        const result =
          source === null
            ? await engine.findOthers(load, bounds, fence, run)
            : await engine.compareRange(load, source, bounds, fence, run);
        latest = after(latest, result);
        if ((await checkpoint(task, latest)) === 'finished') return 'done';
        if (result.status === 'done') return 'done';
        if (clock.now() >= options.until) return 'more';
        options.signal.throwIfAborted();
      }
    });
  return work.by === 'keys' ? compare(null) : withSource(input.migrationId, data, load, compare);
}

const after = (before: RangeRecord, result: CompareResult): RangeRecord => ({
  ...checked(before, result),
  errors: before.errors + result.errors,
  unexpected: [...before.unexpected, ...result.unexpected].slice(0, mostNamed),
  unexpectedRows: before.unexpectedRows + result.unexpectedRows,
  memoryBytes: process.memoryUsage.rss(),
});
