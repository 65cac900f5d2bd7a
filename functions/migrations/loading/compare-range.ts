import { clock } from '#platform/clock.ts';
import { readPlan } from '../artifacts.ts';
import { withTarget } from '../databases/target.ts';
import type { CompareResult, RunOptions } from '../engines/engine.ts';
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
  const { record, work: load, bounds, start } = await openRange(task, (plan) => plan.data?.loads ?? []);
  if (start.status === 'done') return 'done';
  const data = dataOf(await readPlan(record));
  const fence = { migration: input.migrationId, epoch: input.epoch };
  return withSource(input.migrationId, data, load, (source) =>
    withTarget(record, 'compare', async (engine) => {
      let latest: RangeRecord = { ...start, epoch: input.epoch };
      for (;;) {
        if ((await wanted(input.migrationId)).status === 'paused') return 'paused';
        const until = Math.min(options.until, clock.now() + sliceMs);
        const result = await engine.compareRange(load, source, bounds, fence, {
          ...options,
          until,
          from: latest.last,
        });
        latest = after(latest, result);
        if ((await checkpoint(task, latest)) === 'finished') return 'done';
        if (result.status === 'done') return 'done';
        if (clock.now() >= options.until) return 'more';
        options.signal.throwIfAborted();
      }
    }),
  );
}

const after = (before: RangeRecord, result: CompareResult): RangeRecord => ({
  ...checked(before, result),
  errors: before.errors + result.errors,
  unexpected: [...before.unexpected, ...result.unexpected].slice(0, mostNamed),
  unexpectedRows: before.unexpectedRows + result.unexpectedRows,
  memoryBytes: process.memoryUsage.rss(),
});
