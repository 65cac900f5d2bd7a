import { z } from 'zod';
import { task } from '#platform/task.ts';
import { readPlan } from '../artifacts.ts';
import { enterPhase } from '../history.ts';
import { decideRanges, readRangePlan } from '../progress.ts';
import { passResult } from '../rows/check.ts';
import { splitTables } from '../rows/split.ts';
import { LockedTask } from '../schemas.ts';
import { withTarget } from '../target.ts';

const RangeRef = z.strictObject({ work: z.string(), range: z.int() });

/**
 * Splits the tables of a stage into key ranges, once for each pass. For verification the pass before is looked at
 * first: clean ends it, and with `strict` after publish a second clean one. Throws VerificationFailed after the third unclean pass.
 */
export const handler = task({
  name: 'plan-ranges',
  input: LockedTask.extend({
    stage: z.enum(['backfill', 'verify', 'verify-published']),
    pass: z.int().min(1),
  }),
  output: z.strictObject({ clean: z.boolean(), items: z.array(RangeRef), concurrency: z.int() }),
  async handler({ migrationId, epoch, stage, pass }) {
    const phase = stage === 'verify-published' ? 'verify_published' : stage;
    const record = await enterPhase(
      migrationId,
      epoch,
      phase,
      stage === 'verify-published' ? { status: 'running' } : {},
    );
    const plan = await readPlan(record);
    const { concurrency, validationLevel } = record.options;
    if (
      stage !== 'backfill' &&
      (await passResult(migrationId, plan, stage, pass - 1, validationLevel)) === 'clean'
    ) {
      return { clean: true, items: [], concurrency };
    }
    const decided = await readRangePlan(migrationId, stage, pass);
    const ranges =
      decided ??
      (await withTarget(record, 'ranges', async (engine) => {
        await engine.setFencePhase({ migration: migrationId, epoch }, phase);
        const split = await splitTables(engine, plan, stage, record.options.ranges, validationLevel);
        return decideRanges(migrationId, { stage, pass, ranges: split });
      }));
    return {
      clean: false,
      items: ranges.ranges.map(({ work, range }) => ({ work, range })),
      concurrency,
    };
  },
});
