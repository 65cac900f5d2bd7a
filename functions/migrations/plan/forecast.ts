import { z } from 'zod';
import { diskOfLoad } from '../data/forecast.ts';
import { defaultPace, rangeOf } from './duration.ts';
import { type Draft, ForecastStep, Ms } from './forecast-step.ts';
import { draftsOf, nameOf } from './forecast-steps.ts';
import { lockTimes } from './lock-times.ts';
import { type MeasuredPace, nothingMeasured, type PacedWork } from './pace-measured.ts';
import { addedRange, type Range } from './range.ts';
import { staysOf } from './room.ts';
import { Plan } from './schemas.ts';
import { StrategyForecast, strategiesOf } from './strategies.ts';
import { waysBack } from './ways-back.ts';

export const Approval = z.strictObject({
  rule: z.string().describe('What demands it'),
  from: z.enum(['approver', 'starter']),
  why: z.string(),
});
export type Approval = z.infer<typeof Approval>;

/** What running a plan will cost and hold up. Estimates: it is no part of the plan and of its hash. */
export const Forecast = z
  .strictObject({
    steps: z.array(ForecastStep),
    durationMs: Ms.describe('Lock to contract, without soak and without waiting for people'),
    diskBytes: z.int(),
    walBytes: z.int(),
    before: z.array(z.string()).describe('What must hold before anything runs'),
    waysBack: z.array(z.strictObject({ from: z.string(), how: z.string() })),
    strategies: z.array(StrategyForecast).describe('How it can be taken back, and what becomes of the rows'),
    approvals: z.array(Approval),
  })
  .meta({ id: 'Forecast' });
export type Forecast = z.infer<typeof Forecast>;

export const PlanWithForecast = Plan.extend({ forecast: Forecast });
export type PlanWithForecast = z.infer<typeof PlanWithForecast>;

export interface ForecastFacts {
  measured?: MeasuredPace;
  /** Ranges worked on at the same time. */
  concurrency: number;
  validationLevel?: 'basic' | 'full' | 'strict';
  approvals: Approval[];
  /** Every row of the tables in change is backed up before expand. */
  backUpRows?: boolean | undefined;
}

/** Catalogue changes: what one transaction takes once it has its locks, and with the tries for them. */
const catalogue: Range = { low: 2, high: 1_000 };
/** Rows from which a table is worth a reader's care. */
const manyRows = 10_000_000;
/** Work that a table's ranges share; the rest is one statement. */
const byRanges = new Set<PacedWork>(['backfill', 'verify', 'load', 'compare']);
/**
 * What each step of a plan locks, reads, adds and takes. Pure: what was measured before, and what demands approval, are
 * given. A pace that was never measured stands at that of ordinary servers, with a wide range.
 */
export function forecastOf(plan: Plan, facts: ForecastFacts): Forecast {
  const pace = facts.measured ?? nothingMeasured;
  const steps = draftsOf(plan, facts.validationLevel).map((draft) => forecast(draft));
  const room = plan.room ?? [];
  return {
    steps,
    durationMs: addedRange(
      steps.filter(({ phase }) => phase !== 'removal').map(({ durationMs }) => durationMs),
    ),
    diskBytes: room.reduce((sum, one) => sum + staysOf(one), 0),
    walBytes: room.reduce((sum, { wal }) => sum + wal, 0),
    before: [
      `${plan.rights.length} rights of the role`,
      // A copy of rows locks no table.
      ...(plan.data === undefined ? ['no table of the plan held by a forgotten transaction'] : []),
      ...plan.checks.map(
        ({ operation, problem }) => `operation ${operation + 1}: no row for which ${problem}`,
      ),
    ],
    waysBack: waysBack(plan),
    strategies: strategiesOf(plan, facts.backUpRows ?? false),
    approvals: facts.approvals,
  };

  function forecast({ work, amount, opaque, ...draft }: Draft & { after: string[] }): ForecastStep {
    const lanes = work !== undefined && byRanges.has(work) ? facts.concurrency : 1;
    const table = draft.lock.tables[0];
    const { range, basis } =
      work === undefined
        ? { range: catalogue, basis: opaque ? ('unknown' as const) : ('catalogue' as const) }
        : rangeOf(amount ?? draft.rows, pace[work], defaultPace[work], lanes);
    const { kind, ...lock } = draft.lock;
    const times = kind === undefined ? otherTimes(lock.mode, range, basis) : lockTimes(kind, pace.locks);
    const waits = lock.mode === 'ACCESS EXCLUSIVE' && times.waitMs !== null ? [range, times.waitMs] : [range];
    const measured: ForecastStep = {
      ...draft,
      lock: { ...lock, ...times, blocks: blocks(lock.mode) },
      durationMs: addedRange(waits),
      basis,
      diskBytes: diskOf(plan, draft.phase, draft.id, table),
      risk: { level: 'low', reasons: [] },
    };
    return { ...measured, risk: riskOfStep(measured, opaque === true) };
  }
}

/** Of locks that no kind is measured of: one statement's is held as long as it runs, that of a read for a chunk. */
function otherTimes(
  mode: ForecastStep['lock']['mode'],
  range: Range,
  basis: ForecastStep['basis'],
): Pick<ForecastStep['lock'], 'heldMs' | 'waitMs' | 'basis'> {
  if (basis === 'unknown') return { heldMs: range, waitMs: null, basis };
  if (mode === 'SHARE UPDATE EXCLUSIVE')
    return { heldMs: range, waitMs: null, basis: basis === 'measured' ? basis : 'default' };
  const { heldMs } = lockTimes('backfill', {});
  return { heldMs, waitMs: { low: 0, high: 0 }, basis: 'default' };
}

function blocks(mode: ForecastStep['lock']['mode']): ForecastStep['lock']['blocks'] {
  switch (mode) {
    case null:
    case 'ACCESS EXCLUSIVE':
      return ['reads', 'writes', 'ddl'];
    case 'SHARE UPDATE EXCLUSIVE':
    case 'ROW EXCLUSIVE':
    case 'ACCESS SHARE':
      return ['ddl'];
  }
}

function diskOf(plan: Plan, phase: ForecastStep['phase'], id: string, table: string | undefined): number {
  const room = (plan.room ?? []).find((one) => nameOf(one.table) === table);
  if (room === undefined) return 0;
  if (phase === 'backfill') return room.columns + room.rowVersions;
  if (plan.data !== undefined && phase === 'load') return diskOfLoad(plan.data, id, room);
  if (phase === 'relate') return room.rowVersions;
  const builds = plan.index.filter((step) => step.kind === 'create_index' && nameOf(step.table) === table);
  return builds.some((step) => step.id === id) ? Math.round(room.indexes / builds.length) : 0;
}

function riskOfStep(step: ForecastStep, opaque: boolean): ForecastStep['risk'] {
  const high = [
    ...(opaque ? ['What your own statements lock, and for how long, is not known'] : []),
    ...(step.phase === 'removal' ? ['What it drops returns only from the backup'] : []),
  ];
  const medium = [
    ...(step.lock.mode === 'ACCESS EXCLUSIVE' && step.lock.tables.length > 2
      ? [`Locks ${step.lock.tables.length} tables at once`]
      : []),
    ...(step.rows >= manyRows ? [`About ${step.rows} rows`] : []),
    ...(step.basis === 'default' && step.rows >= manyRows / 10
      ? ['Its pace was never measured on this database']
      : []),
  ];
  if (high.length > 0) return { level: 'high', reasons: [...high, ...medium] };
  return { level: medium.length > 0 ? 'medium' : 'low', reasons: medium };
}
