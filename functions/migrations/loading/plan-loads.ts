import { readPlan } from '../artifacts.ts';
import { type Comparison, comparisonsOf } from '../data/comparisons.ts';
import { watermarkName } from '../data/plan.ts';
import { withTarget } from '../databases/target.ts';
import type { Engine, KeyRange } from '../engines/engine.ts';
import { enterPhase } from '../executions/history.ts';
import { decideRanges, readRangePlan } from '../executions/progress.ts';
import { changeMigration, readMigration } from '../migration-store.ts';
import type { DataPlan } from '../plan/schemas.ts';
import type { MigrationRecord, RangePlan } from '../records.ts';
import { passResult } from '../rows/check.ts';
import type { PlannedRanges } from '../rows/plan-ranges.ts';
import { rangesFor } from '../rows/split.ts';
import type { Phase } from '../schemas.ts';
import { dataOf, withSource } from './source.ts';

interface Step {
  migrationId: string;
  epoch: number;
  stage: 'load' | 'compare';
  pass: number;
}

/** The loads of one pass: a level of tables, or at the end those whose references wait for all rows. */
export const loadsOfPass = ({ levels, relations }: DataPlan, pass: number): string[] =>
  levels[pass - 1] ?? (pass === levels.length + 1 ? relations : []);

export const phaseOfPass = ({ levels }: DataPlan, pass: number): Phase =>
  pass <= levels.length ? 'load' : 'relate';

/**
 * Splits the loads of a pass into key ranges. `clean`: every level and relation is loaded, or the comparison before
 * found nothing wrong. Throws VerificationFailed after the third unclean comparison, and what enterPhase throws.
 */
export async function planLoads({ migrationId, epoch, stage, pass }: Step): Promise<PlannedRanges> {
  const before = await readMigration(migrationId);
  const plan = await readPlan(before);
  const data = dataOf(plan);
  const { concurrency } = before.options;
  const ids = stage === 'load' ? loadsOfPass(data, pass) : [];
  const over = { clean: true, items: [], concurrency };
  if (stage === 'load' && ids.length === 0) return over;
  const phase = stage === 'compare' ? 'verify' : phaseOfPass(data, pass);
  const record = await enterPhase(migrationId, epoch, phase);
  if (stage === 'compare' && (await passResult(migrationId, plan, stage, pass - 1, 'full')) === 'clean') {
    await endRun(record, epoch);
    return over;
  }
  const decided = await readRangePlan(migrationId, stage, pass);
  const ranges = decided ?? (await decide(record, data, { migrationId, epoch, stage, pass }, phase, ids));
  return { clean: false, items: ranges.ranges.map(({ work, range }) => ({ work, range })), concurrency };
}

async function decide(
  record: MigrationRecord,
  data: DataPlan,
  { migrationId, epoch, stage, pass }: Step,
  phase: Phase,
  ids: string[],
): Promise<RangePlan> {
  const fence = { migration: migrationId, epoch };
  const works: Work[] =
    stage === 'load'
      ? data.loads
          .filter(({ id }) => ids.includes(id))
          .map((load) => ({ id: load.id, load, by: 'load', estimatedRows: load.estimatedRows }))
      : comparisonsOf(data, record.options.validationLevel);
  return withTarget(record, 'ranges', async (target) => {
    await target.setFencePhase(fence, phase);
    if (stage === 'load' && pass === 1) {
      await target.prepareLoads(fence, record.name, record.schema, await watermarksOf(migrationId, data));
    }
    if (stage === 'compare' && pass === 1) for (const load of data.loads) await target.advanceSequences(load);
    const ranges: RangePlan['ranges'] = [];
    for (const work of works) {
      const split = await splitWork(record, data, work, target, works.length);
      const share = Math.ceil(work.estimatedRows / Math.max(1, split.length));
      split.forEach(({ from, to }, range) => {
        ranges.push({ work: work.id, range, table: work.load.to.name, from, to, estimatedRows: share });
      });
    }
    return decideRanges(migrationId, { stage, pass, ranges });
  });
}

/** Read before the first row is, so that nothing which changes meanwhile is left out by the next run. */
async function watermarksOf(migrationId: string, data: DataPlan): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const load of data.loads.filter(({ watermark }) => watermark !== null)) {
    const value = await withSource(migrationId, data, load, (source) => source.watermark());
    const next = value ?? load.watermark?.since ?? null;
    if (next !== null) found[watermarkName(load.from, load.to)] = next;
  }
  return found;
}

const everything: KeyRange[] = [{ from: null, to: null }];

/** Something done to every record of a load, or to every row that it gives. */
type Work = Omit<Comparison, 'by'> & { by: Comparison['by'] | 'load' };

async function splitWork(
  record: MigrationRecord,
  data: DataPlan,
  { load, by, estimatedRows }: Work,
  target: Engine,
  works: number,
): Promise<KeyRange[]> {
  const parts = rangesFor(estimatedRows, record.options, works);
  const read = (engine: Engine) => engine.splitRanges(load.from, load.key, parts);
  const source = () => withTarget({ id: record.id, databaseId: data.source.databaseId }, 'ranges', read);
  if (by === 'load') return source();
  if (load.bytewise && by === 'sums') return everything;
  const split = by === 'records' ? await source() : await target.splitRanges(load.to, load.toKey, parts);
  // Rows that came meanwhile, or stand where none should, are compared too.
  return split.length === 0
    ? everything
    : split.map((range, at) => (at < split.length - 1 ? range : { ...range, to: null }));
}

/** Everything is loaded and compared: the next run of an incremental file goes on from here. */
async function endRun(record: MigrationRecord, epoch: number): Promise<void> {
  const open = await withTarget(record, 'errors', async (engine) => {
    await engine.keepWatermarks({ migration: record.id, epoch });
    return engine.countRecordErrors(record.id);
  });
  await changeMigration(record.id, ({ openErrors }) =>
    openErrors === open ? undefined : { set: { openErrors: open } },
  );
}
