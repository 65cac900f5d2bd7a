import { readPlan } from '../artifacts.ts';
import { withTarget } from '../databases/target.ts';
import { enterPhase } from '../executions/history.ts';
import { decideRanges, type RangeItem, readRangePlan } from '../executions/progress.ts';
import type { Stage } from '../records.ts';
import { passResult } from './check.ts';
import { splitTables } from './split.ts';

export interface PlannedRanges {
  /** The pass before found every row right: there is nothing left to do. */
  clean: boolean;
  items: RangeItem[];
  concurrency: number;
}

/**
 * Enters a stage and splits its tables into key ranges, once for each pass. For verification the pass before is looked
 * at first: clean ends it, and with `strict` after publish a second clean one. Throws VerificationFailed after the third unclean pass, and what enterPhase throws.
 */
export async function planRanges({
  migrationId,
  epoch,
  stage,
  pass,
}: {
  migrationId: string;
  epoch: number;
  stage: Extract<Stage, 'backfill' | 'verify' | 'verify-published'>;
  pass: number;
}): Promise<PlannedRanges> {
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
      const split = await splitTables(engine, plan, stage, record.options, validationLevel);
      return decideRanges(migrationId, { stage, pass, ranges: split });
    }));
  return {
    clean: false,
    items: ranges.ranges.map(({ work, range }) => ({ work, range })),
    concurrency,
  };
}
