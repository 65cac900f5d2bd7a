import { clock } from '#platform/clock.ts';
import { withTarget } from '../databases/target.ts';
import type { RunOptions, VerifyResult } from '../engines/engine.ts';
import { VerificationFailed } from '../errors.ts';
import { readRanges } from '../executions/progress.ts';
import type { Plan } from '../plan/schemas.ts';
import type { RangeRecord, Stage } from '../records.ts';
import type { ValidationLevel } from '../validation-level.ts';
import { checked, checkpoint, openRange, type RangeTask, wanted } from './range-task.ts';

/** Between two checkpoints, ms. */
const sliceMs = 1_000;
/** A pass that found wrong rows is followed by another one, until this many were unclean. */
const mostPasses = 3;

/** Checks one key range from its last checkpoint on; wrong rows are repaired under their lock. */
export async function checkRange(input: RangeTask, options: RunOptions): Promise<'done' | 'more' | 'paused'> {
  const { record, work, bounds, start } = await openRange(input, (plan) => plan.verify);
  if (start.status === 'done') return 'done';
  const stage = input.stage === 'verify' ? 'beforePublish' : 'afterPublish';
  const fence = { migration: input.migrationId, epoch: input.epoch };

  return withTarget(record, 'verify', async (engine) => {
    let latest: RangeRecord = { ...start, epoch: input.epoch };
    for (;;) {
      // Only what is not published yet can wait.
      const { status } = await wanted(input.migrationId);
      if (status === 'paused' && input.stage === 'verify') return 'paused';
      const until = Math.min(options.until, clock.now() + sliceMs);
      const result = await engine.verifyRange(work, stage, bounds, latest.last, fence, {
        ...options,
        until,
        repair: true,
      });
      latest = after(latest, result);
      if ((await checkpoint(input, latest)) === 'finished') return 'done';
      if (result.status === 'done') return 'done';
      if (clock.now() >= options.until) return 'more';
      options.signal.throwIfAborted();
    }
  });
}

const after = (before: RangeRecord, result: VerifyResult): RangeRecord => ({
  ...checked(before, result),
  memoryBytes: process.memoryUsage.rss(),
});

/** How many passes in a row must be clean. */
const cleanPasses = (stage: Stage, level: ValidationLevel): number =>
  level === 'strict' && stage === 'verify-published' ? 2 : 1;

/**
 * What the passes up to `pass` came to: `clean` when as many as are demanded were right in every row, one after the
 * other. Pass 0 is clean only when there is nothing to verify. Throws VerificationFailed when the last pass allowed was
 * unclean.
 */
export async function passResult(
  migrationId: string,
  plan: Plan,
  stage: Stage,
  pass: number,
  level: ValidationLevel,
): Promise<'clean' | 'unclean'> {
  if (plan.verify.length === 0 && plan.data === undefined) return 'clean';
  if (pass < 1) return 'unclean';
  const ranges = await readRanges(migrationId, stage);
  const wrongIn = (one: number) =>
    ranges.filter((range) => range.pass === one).reduce((sum, { wrong }) => sum + wrong, 0);
  const needed = cleanPasses(stage, level);
  const last = Array.from({ length: needed }, (_, before) => pass - before);
  if (last.every((one) => one >= 1 && wrongIn(one) === 0)) return 'clean';
  const wrong = wrongIn(pass);
  if (wrong === 0 || pass < mostPasses) return 'unclean';
  const own = ranges.filter((range) => range.pass === pass);
  const repaired = own.reduce((sum, range) => sum + range.repaired, 0);
  throw new VerificationFailed(`${wrong} rows were still wrong in pass ${pass} of verification`, {
    evidence: {
      wrong,
      repaired,
      passes: pass,
      rows: own.flatMap(({ table, sample }) => sample.map((key) => ({ table, key }))).slice(0, 10),
    },
    action:
      stage === 'compare'
        ? 'Look at these rows: something goes on writing them, two records give the same key, or the transformation is not stable.'
        : 'Look at these rows: something writes them past the dual write, or their up expression is not stable.',
  });
}
