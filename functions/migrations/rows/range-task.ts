import { clock } from '#platform/clock.ts';
import { RecordUnreadable } from '#platform/errors.ts';
import { readPlan } from '../artifacts.ts';
import type { KeyRange, VerifyResult } from '../engines/engine.ts';
import { ExecutionSuperseded } from '../errors.ts';
import { assertWanted, enterPhase } from '../executions/history.ts';
import { type RangeItem, readRange, readRangePlan, saveRange } from '../executions/progress.ts';
import { knownMigration, readMigration } from '../migration-store.ts';
import type { Plan } from '../plan/schemas.ts';
import type { MigrationRecord, RangeRecord, Stage } from '../records.ts';
import type { Phase } from '../schemas.ts';

/** One key range of one stage and pass, as a task gets it. */
export interface RangeTask {
  migrationId: string;
  epoch: number;
  stage: Stage;
  pass: number;
  item: RangeItem;
}

export interface OpenRange<W> {
  record: MigrationRecord;
  work: W;
  bounds: KeyRange;
  /** Its last checkpoint, or a fresh one. */
  start: RangeRecord;
}

/** Everything a fresh invocation needs to go on with a range. Throws what enterPhase throws. */
export async function openRange<W extends { id: string }>(
  input: RangeTask,
  worksOf: (plan: Plan) => W[],
): Promise<OpenRange<W>> {
  const { migrationId, epoch, stage, pass, item } = input;
  const plan = await readPlan(await knownMigration(migrationId));
  const record = await enterPhase(migrationId, epoch, phaseOf(stage, plan, pass));
  const ranges = await readRangePlan(migrationId, stage, pass);
  const bounds = ranges?.ranges.find(({ work, range }) => work === item.work && range === item.range);
  const work = worksOf(plan).find(({ id }) => id === item.work);
  if (bounds === undefined || work === undefined) {
    throw new RecordUnreadable(`Range ${item.work}/${item.range} of ${stage} was never planned`, {
      evidence: { ...item, stage, pass },
    });
  }
  const start = await readRange(migrationId, stage, pass, item, bounds.table);
  return { record, work, bounds: { from: bounds.from, to: bounds.to }, start };
}

function phaseOf(stage: Stage, { data }: Plan, pass: number): Phase {
  if (stage === 'load') return pass <= (data?.levels.length ?? 0) ? 'load' : 'relate';
  if (stage === 'compare') return 'verify';
  return stage === 'backfill' ? 'backfill' : stage === 'verify' ? 'verify' : 'verify_published';
}

/**
 * Stores a checkpoint. `finished`: another run of the same range came to its end, so this one may stop. Throws
 * ExecutionSuperseded when a newer epoch works on it.
 */
export async function checkpoint(input: RangeTask, record: RangeRecord): Promise<'saved' | 'finished'> {
  const { migrationId, stage, pass, item } = input;
  if (await saveRange(migrationId, record)) return 'saved';
  const stored = await readRange(migrationId, stage, pass, item, record.table);
  if (stored.status === 'done' && stored.epoch === record.epoch) return 'finished';
  throw new ExecutionSuperseded(`A newer execution works on range ${item.work}/${item.range}`, {
    evidence: { migration: migrationId, epoch: record.epoch, found: stored.epoch, ...item },
  });
}

/** Asked at every checkpoint: the record as it is now. Throws MigrationCancelled. */
export async function wanted(migrationId: string): Promise<MigrationRecord> {
  const record = await readMigration(migrationId);
  assertWanted(record);
  return record;
}

/** Rows a second, smoothed so that a display does not jump; `ms` since the last figure. */
export function smoothRate(before: number, rows: number, ms: number): number {
  if (ms <= 0) return before;
  const now = (rows * 1_000) / ms;
  const weight = before === 0 ? 1 : Math.min(1, ms / 5_000);
  return Math.round((before + (now - before) * weight) * 10) / 10;
}

/** The checkpoint of a range of which more rows were read and held against what they should be. */
export function checked(before: RangeRecord, result: VerifyResult): RangeRecord {
  const now = clock.now();
  return {
    ...before,
    status: result.status === 'done' ? 'done' : 'working',
    last: result.last ?? before.last,
    rowsSeen: before.rowsSeen + result.rowsChecked,
    wrong: before.wrong + result.wrong,
    repaired: before.repaired + result.repaired,
    sample: [...before.sample, ...result.sample].slice(0, 10),
    rowsPerSecond: smoothRate(before.rowsPerSecond, result.rowsChecked, now - before.updatedAt),
    updatedAt: now,
  };
}
