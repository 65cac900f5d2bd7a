import { readPlan } from '../artifacts.ts';
import { comparesSums } from '../data/compares-sums.ts';
import { watermarkName } from '../data/plan.ts';
import { withTarget } from '../databases/target.ts';
import type { Engine, KeyRange } from '../engines/engine.ts';
import { enterPhase } from '../executions/history.ts';
import { decideRanges, readRangePlan } from '../executions/progress.ts';
import type { DataPlan, Load } from '../plan/schemas.ts';
import type { MigrationRecord, RangePlan } from '../records.ts';
import { passResult } from '../rows/check.ts';
import type { PlannedRanges } from '../rows/plan-ranges.ts';
import { rangesFor } from '../rows/split.ts';
import type { Phase } from '../schemas.ts';
import { changeMigration, readMigration } from '../store.ts';
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
  const ids = stage === 'load' ? loadsOfPass(data, pass) : data.loads.map(({ id }) => id);
  const over = { clean: true, items: [], concurrency };
  if (ids.length === 0) return over;
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
  const loads = data.loads.filter(({ id }) => ids.includes(id));
  return withTarget(record, 'ranges', async (target) => {
    await target.setFencePhase(fence, phase);
    if (stage === 'load' && pass === 1) {
      await target.prepareLoads(fence, record.name, record.schema, await watermarksOf(migrationId, data));
    }
    if (stage === 'compare' && pass === 1) for (const load of loads) await target.advanceSequences(load);
    const ranges: RangePlan['ranges'] = [];
    for (const load of loads) {
      const split = await splitLoad(record, data, load, stage, target, loads.length);
      const share = Math.ceil(load.estimatedRows / Math.max(1, split.length));
      split.forEach(({ from, to }, range) => {
        ranges.push({ work: load.id, range, table: load.to.name, from, to, estimatedRows: share });
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

async function splitLoad(
  record: MigrationRecord,
  data: DataPlan,
  load: Load,
  stage: Step['stage'],
  target: Engine,
  loads: number,
): Promise<KeyRange[]> {
  const parts = rangesFor(load.estimatedRows, record.options, loads);
  const read = (engine: Engine) => engine.splitRanges(load.from, load.key, parts);
  const source = () => withTarget({ id: record.id, databaseId: data.source.databaseId }, 'ranges', read);
  if (stage === 'load') return source();
  if (load.bytewise && comparesSums(load)) return everything;
  const split = comparesSums(load) ? await target.splitRanges(load.to, load.toKey, parts) : await source();
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
