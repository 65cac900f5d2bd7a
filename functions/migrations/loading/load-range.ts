import { clock } from '#platform/clock.ts';
import { readPlan } from '../artifacts.ts';
import { withTarget } from '../databases/target.ts';
import type { BackfillProgress, Engine, RunOptions } from '../engines/engine.ts';
import { TooManyErrors } from '../errors.ts';
import { failureOf } from '../executions/failures.ts';
import { changeMigration } from '../migration-store.ts';
import type { MigrationRecord, RangeRecord } from '../records.ts';
import { after, type FillResult, firstPace, learntFrom, standstill } from '../rows/fill.ts';
import { checkpoint, openRange, type RangeTask, wanted } from '../rows/range-task.ts';
import { phaseOfPass } from './plan-loads.ts';
import { dataOf, withSource } from './source.ts';

/**
 * Loads one key range of a source from its last checkpoint on, within the hours of its schedule. Records that are refused
 * are kept apart; with more of them than the plan allows the migration pauses.
 */
export async function loadRange(input: Omit<RangeTask, 'stage'>, options: RunOptions): Promise<FillResult> {
  const task: RangeTask = { ...input, stage: 'load' };
  const { record, work: load, bounds, start } = await openRange(task, (plan) => plan.data?.loads ?? []);
  if (start.status === 'done') return { status: 'done' };
  let still = standstill(record);
  if (still !== undefined) return still;
  const data = dataOf(await readPlan(record));
  let latest: RangeRecord = { ...start, epoch: input.epoch };
  let finished = false;
  let seenErrors = 0;
  const save = async (engine: Engine, progress: BackfillProgress, status: RangeRecord['status']) => {
    const errors = progress.errors ?? 0;
    latest = { ...after(start, latest, progress, status), errors: start.errors + errors };
    finished = (await checkpoint(task, latest)) === 'finished';
    if (errors === seenErrors) return;
    seenErrors = errors;
    await countErrors(engine, input.migrationId, data.mostErrors);
  };
  const learnt = await learntFrom(input.migrationId, start);
  const fence = { migration: input.migrationId, epoch: input.epoch };
  const result = await withSource(input.migrationId, data, load, (source) =>
    withTarget(record, 'load', async (engine) => {
      const run = await engine.loadRange(load, source, bounds, fence, {
        ...options,
        from: start.last,
        whole: phaseOfPass(data, input.pass) === 'relate',
        pace: learnt.pace ?? firstPace,
        baselineP99Ms: learnt.baselineP99Ms,
        pacing: record.options.pacing,
        onProgress: async (progress) => {
          await save(engine, progress, 'working');
          still = standstill(await wanted(input.migrationId));
          return !finished && still === undefined;
        },
      });
      if (!finished && run.status === 'done') await save(engine, run.progress, 'done');
      return run;
    }),
  );
  if (finished) return { status: 'done' };
  return result.status === 'paused' && still !== undefined ? still : { status: result.status };
}

/** Writes down how many records are refused now; with too many the migration waits for a person. */
export async function countErrors(engine: Engine, migrationId: string, most: number): Promise<void> {
  const open = await engine.countRecordErrors(migrationId);
  await changeMigration(migrationId, (record) => {
    const allowed = most + record.errorsAccepted;
    if (open > allowed && record.status === 'running') return paused(record, open, allowed);
    return record.openErrors === open ? undefined : { set: { openErrors: open } };
  });
}

function paused(record: MigrationRecord, open: number, allowed: number) {
  const error = new TooManyErrors(`${open} records were refused, more than the ${allowed} that may be`, {
    evidence: { errors: open, allowed },
    action: `Look at them: theseus migration errors ${record.id}. Correct the cause, then: theseus migration redrive ${record.id} and theseus migration resume ${record.id}`,
  });
  return {
    set: {
      status: 'paused' as const,
      openErrors: open,
      failure: failureOf(error, record.phase, clock.iso()),
    },
    events: [{ type: 'migration.paused', actor: 'theseus', data: { errors: open, allowed } }],
  };
}
