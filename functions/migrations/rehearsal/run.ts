import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import type { Engine, Fence, Finding, RunOptions } from '../engines/engine.ts';
import type { MigrationFile } from '../file/schema.ts';
import { type Forecast, forecastOf } from '../plan/forecast.ts';
import type { MeasuredPace } from '../plan/pace-measured.ts';
import { createPlan } from '../plan/plan.ts';
import { addedRange } from '../plan/range.ts';
import type { Plan, Step } from '../plan/schemas.ts';
import { describeDifference } from '../registry/report.ts';
import type { RehearsalReport, RehearsedPhase } from './report.ts';

const firstPace = { chunkRows: 200, pauseMs: 0 };
const whole = { from: null, to: null };
const mostDifferences = 20;
/** A long statement that goes on is looked after again; this often at most. */
const mostLooks = 1_000;

export interface RehearsalOptions extends RunOptions {
  /** An id of its own: the copy has its fence. */
  id: string;
  schema: string;
  file: MigrationFile;
  measured?: MeasuredPace | undefined;
  allViews?: boolean | undefined;
  strict?: boolean | undefined;
}

type Outcome = Omit<RehearsalReport, 'passed' | 'copy'>;

/**
 * Runs a whole migration on a copy, as the workflow would: everything up to the soft contract, then all of it back. A
 * failure is part of the report. Nobody else uses the copy, so that locks are held as long as they must be, and waited
 * for never.
 */
export async function rehearse(engine: Engine, options: RehearsalOptions): Promise<Outcome> {
  const { schema, file, id } = options;
  const fence: Fence = { migration: id, epoch: 1 };
  const outcome: Outcome = {
    forecast: null,
    phases: [],
    verification: { rowsChecked: 0, wrong: 0 },
    differences: [],
    findings: [],
    failure: null,
  };
  let phase = 'plan';
  try {
    const before = await engine.shape(schema);
    const { allViews, strict, measured } = options;
    const plan = await createPlan({ file, snapshot: await engine.snapshot(schema), allViews, strict });
    const forecast = forecastOf(plan, { concurrency: 1, approvals: [], ...(measured && { measured }) });
    outcome.forecast = forecast;
    phase = 'validate';
    outcome.findings = (await engine.validate(plan, options)).filter(hinders);
    if (outcome.findings.length > 0) return outcome;
    await engine.takeFence(fence, { name: plan.name, schema, phase: 'backfill' });
    for (const [name, work] of phasesOf(engine, plan, fence, options, outcome)) {
      phase = name;
      outcome.phases.push(await timed(name, forecast, work));
    }
    phase = 'compare';
    await engine.releaseFence(fence);
    const { changes } = describeDifference(before, await engine.shape(schema));
    outcome.differences = changes
      .slice(0, mostDifferences)
      .map((change) => JSON.stringify(change).slice(0, 300));
  } catch (error) {
    if (!(error instanceof TheseusError)) throw error;
    const { name, message, action } = error;
    outcome.failure = { name, message, phase, action: action ?? null };
  }
  return outcome;
}

export const hasPassed = ({ failure, findings, differences, verification }: Outcome): boolean =>
  failure === null && findings.length === 0 && differences.length === 0 && verification.wrong === 0;

/** A copy has few rows: what could not be read in time there is no finding. */
const hinders = ({ code }: Finding): boolean => !code.endsWith('_not_checked');

type Figures = Omit<RehearsedPhase, 'phase' | 'forecastMs' | 'measuredMs' | 'asForecast'>;
const noFigures: Figures = { rows: 0, longestLockWaitMs: 0, longestLockHoldMs: 0 };

async function timed(
  name: string,
  forecast: Forecast,
  work: () => Promise<Figures>,
): Promise<RehearsedPhase> {
  const began = clock.monotonic();
  const figures = await work();
  const measuredMs = Math.round(clock.monotonic() - began);
  const own = forecast.steps.filter(({ phase }) => phase === name);
  const forecastMs = own.length === 0 ? null : addedRange(own.map(({ durationMs }) => durationMs));
  // Quicker than forecast is no reason to worry.
  const asForecast = forecastMs === null ? null : measuredMs <= forecastMs.high;
  return { phase: name, forecastMs, measuredMs, asForecast, ...figures };
}

function phasesOf(
  engine: Engine,
  plan: Plan,
  fence: Fence,
  options: RunOptions,
  outcome: Outcome,
): [string, () => Promise<Figures>][] {
  const run = (steps: Step[]) => () => runSteps(engine, steps, fence, options);
  const verify = (stage: 'beforePublish' | 'afterPublish') => async () => {
    let rows = 0;
    for (const one of plan.verify) {
      const found = await engine.verifyRange(one, stage, whole, null, fence, { ...options, repair: false });
      rows += found.rowsChecked;
      outcome.verification.rowsChecked += found.rowsChecked;
      outcome.verification.wrong += found.wrong;
    }
    return { ...noFigures, rows };
  };
  const all: [string, () => Promise<Figures>][] = [
    ['expand', run(plan.expand)],
    ['backfill', () => fill(engine, plan, fence, options)],
    ['index', run(plan.index)],
    ['constrain', run(plan.constrain)],
    ['verify', verify('beforePublish')],
    ['publish', run(plan.publish)],
    ['verify_published', verify('afterPublish')],
    ['contract', run(plan.contract)],
    ['undo', run([...plan.undoContract, ...plan.rollback])],
  ];
  return plan.undo === 'none' ? all.filter(([name]) => name !== 'undo') : all;
}

async function runSteps(engine: Engine, steps: Step[], fence: Fence, options: RunOptions): Promise<Figures> {
  const figures = { ...noFigures };
  for (const step of steps) {
    for (let look = 0; look < mostLooks; look += 1) {
      options.signal.throwIfAborted();
      const result = await engine.runStep(step, fence, options);
      figures.longestLockWaitMs = Math.max(figures.longestLockWaitMs, Math.round(result.lockWaitMs));
      figures.longestLockHoldMs = Math.max(figures.longestLockHoldMs, Math.round(result.lockHoldMs));
      if (result.status === 'done') break;
    }
  }
  return figures;
}

async function fill(engine: Engine, plan: Plan, fence: Fence, options: RunOptions): Promise<Figures> {
  let rows = 0;
  for (const walk of plan.backfill) {
    const { progress } = await engine.backfillRange(walk, whole, null, fence, {
      ...options,
      pace: firstPace,
      onProgress: async () => true,
    });
    rows += progress.rowsSeen;
  }
  return { ...noFigures, rows };
}
