import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { absent } from '#platform/records.ts';
import { readPlan } from '../artifacts.ts';
import { comparesSums } from '../data/comparisons.ts';
import { readRangesOfAllStages, readSteps } from '../executions/progress.ts';
import { type LockObservation, learntLocks } from '../plan/lock-times.ts';
import { learnt, MeasuredPace, nothingMeasured, type Observation } from '../plan/pace-measured.ts';
import type { Plan } from '../plan/schemas.ts';
import type { MigrationRecord, RangeRecord, Stage, StepRecord } from '../records.ts';
import { keys, readItem, writeItem } from '../store.ts';

/** `from`: the last migrations it has learnt from, so that none counts twice. */
const PaceItem = z.object({ version: z.int(), pace: MeasuredPace, from: z.array(z.string()) });

const keptIds = 20;
const attempts = 5;

/** What was measured of a database before; nothing of a new one. */
export async function readMeasuredPace(database: string): Promise<MeasuredPace> {
  return (await readItem(PaceItem, keys.measuredPace(database)))?.pace ?? nothingMeasured;
}

/** How long ranges took: each by the pace it ended with, so that a pause of a person does not count. */
const ofRanges = (work: Observation['work'], ranges: RangeRecord[]): Observation[] =>
  ranges.flatMap(({ rowsSeen, rowsPerSecond }) =>
    rowsPerSecond > 0 ? [{ work, amount: rowsSeen, ms: (rowsSeen * 1_000) / rowsPerSecond }] : [],
  );

function ofSteps(plan: Plan, steps: StepRecord[]): Observation[] {
  const took = new Map(steps.map(({ phase, step, durationMs }) => [`${phase} ${step}`, durationMs]));
  const tables = new Map(plan.tables.map((one) => [`${one.table.schema}.${one.table.name}`, one]));
  const all = [
    ...plan.index.map((step) => ({ phase: 'index', step })),
    ...plan.constrain.map((step) => ({ phase: 'constrain', step })),
    ...plan.contract.map((step) => ({ phase: 'contract', step })),
  ];
  return all.flatMap(({ phase, step }): Observation[] => {
    const ms = took.get(`${phase} ${step.id}`) ?? 0;
    if (step.kind !== 'create_index' && step.kind !== 'validate') return [];
    const table = tables.get(`${step.table.schema}.${step.table.name}`);
    if (table === undefined) return [];
    return step.kind === 'create_index'
      ? [{ work: 'index', amount: table.bytes, ms }]
      : [{ work: 'validate', amount: table.estimatedRows, ms }];
  });
}

/** Steps that locked tables, and how long a chunk held rows. Found done by a later run, a step tells nothing. */
function locksOf(plan: Plan, steps: StepRecord[], ranges: RangeRecord[]): LockObservation[] {
  const locking = (phase: 'expand' | 'constrain' | 'contract' | 'removal') =>
    plan[phase].flatMap((step) => {
      const ran = steps.find((one) => one.phase === phase && one.step === step.id);
      if (step.kind !== 'transaction' || step.locks.length === 0 || !ran || ran.lockHoldMs <= 0) return [];
      const waitedMs = Math.max(ran.lockWaitMs, ran.durationMs - ran.lockHoldMs);
      return [{ kind: phase, heldMs: ran.lockHoldMs, waitedMs }];
    });
  const chunks = (stage: 'backfill' | 'load') => {
    const longest = ranges
      .filter((range) => range.stage === stage)
      .map(({ longestChunkMs }) => longestChunkMs ?? 0);
    const heldMs = Math.max(0, ...longest);
    return heldMs > 0 ? [{ kind: stage, heldMs, waitedMs: 0 }] : [];
  };
  const phases = (['expand', 'constrain', 'contract', 'removal'] as const).flatMap(locking);
  return [...phases, ...chunks('backfill'), ...chunks('load')];
}

/**
 * Lets a database's next plans know how quick this migration was. Of many that end at the same moment one may be left
 * out: it is an estimate.
 */
export async function learnPace(record: MigrationRecord, outcome: 'completed' | 'removed'): Promise<void> {
  const plan = await readPlan(record);
  const from = outcome === 'completed' ? record.id : `${record.id} ${outcome}`;
  const [ranges, steps] = await Promise.all([readRangesOfAllStages(record.id), readSteps(record.id)]);
  const bySums = new Set(plan.data?.loads.filter(comparesSums).map(({ id }) => id));
  const of = (...stages: Stage[]) => ranges.filter(({ stage }) => stages.includes(stage));
  const locks = locksOf(plan, steps, ranges).filter(
    ({ kind }) => (kind === 'removal') === (outcome === 'removed'),
  );
  const seen = [
    ...ofRanges('backfill', of('backfill')),
    ...ofRanges('verify', of('verify', 'verify-published')),
    ...ofRanges('load', of('load')),
    // Records that only go through the load again are quicker than a load, and slower than sums.
    ...ofRanges(
      'compare',
      of('compare').filter(({ work }) => bySums.has(work)),
    ),
    ...ofSteps(plan, steps),
  ];
  const key = keys.measuredPace(record.databaseId);
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const before = await readItem(PaceItem, key);
    if (before?.from.includes(from)) return;
    const known = before?.pace ?? nothingMeasured;
    // The removal has locks only: the rest was learnt at completion.
    const pace = outcome === 'removed' ? known : learnt(known, seen, clock.iso());
    const after = {
      version: (before?.version ?? 0) + 1,
      pace: { ...pace, locks: learntLocks(known.locks, locks) },
      from: [from, ...(before?.from ?? [])].slice(0, keptIds),
    };
    const unchanged =
      before === undefined
        ? absent
        : {
            expression: '#version = :version',
            names: { '#version': 'version' },
            values: { ':version': before.version },
          };
    if (await writeItem(key, after, unchanged)) return;
    await clock.sleep(jitteredBackoff(attempt, 20, 500));
  }
}
