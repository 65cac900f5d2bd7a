import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import type { DataFile } from '../data/file.ts';
import { createDataPlan } from '../data/plan.ts';
import type { Engine, Fence, Finding, RunOptions } from '../engines/engine.ts';
import type { MigrationFile } from '../file/schema.ts';
import { transformOf } from '../loading/transform.ts';
import { forecastOf } from '../plan/forecast.ts';
import type { MeasuredPace } from '../plan/pace-measured.ts';
import { createPlan } from '../plan/plan.ts';
import { addedRange } from '../plan/range.ts';
import type { Plan } from '../plan/schemas.ts';
import { describeDifference } from '../registry/report.ts';
import { dataPhases } from './data-phases.ts';
import type { Phase } from './phases.ts';
import { schemaPhases } from './schema-phases.ts';
import { type Outcome, phaseBegin, type RehearsalState } from './state.ts';

const mostDifferences = 20;

/** What is rehearsed: operations on a schema, or a copy of rows into it. */
export type Rehearsed =
  | { kind: 'schema'; file: MigrationFile }
  | { kind: 'data'; file: DataFile; fromSchema: string };

export interface RehearsalOptions extends RunOptions {
  /** An id of its own: the copy has its fence. */
  id: string;
  schema: string;
  rehearsed: Rehearsed;
  measured?: MeasuredPace | undefined;
  allViews?: boolean | undefined;
  strict?: boolean | undefined;
}

/** The copies: of the database that is changed, and of the one that rows are read from. */
export interface Copies {
  target: Engine;
  source: Engine;
}

const fenceOf = ({ id }: RehearsalOptions): Fence => ({ migration: id, epoch: 1 });

/** Plans on the copy, and looks at what would stand in the way. A failure is part of what is found. */
export async function beginRehearsal(
  copies: Copies,
  options: RehearsalOptions,
  copy: Outcome['copy'],
): Promise<RehearsalState> {
  const { target } = copies;
  const outcome: Outcome = {
    copy,
    forecast: null,
    phases: [],
    verification: { rowsChecked: 0, wrong: 0 },
    refused: null,
    differences: [],
    findings: [],
    failure: null,
  };
  const before = await target.shape(options.schema);
  const state: RehearsalState = { plan: null, before, outcome, at: phaseBegin(0), over: true };
  let phase = 'plan';
  try {
    const plan = await planOn(copies, options);
    const { measured } = options;
    outcome.forecast = forecastOf(plan, { concurrency: 1, approvals: [], ...(measured && { measured }) });
    phase = 'validate';
    outcome.findings = (await target.validate(plan, options)).filter(hinders);
    if (outcome.findings.length > 0) return state;
    const fence = fenceOf(options);
    const about = { name: plan.name, schema: options.schema, phase: 'backfill' };
    await target.takeFence(fence, about);
    if (plan.data !== undefined) await target.prepareLoads(fence, plan.name, options.schema, {});
    return { ...state, plan, over: false };
  } catch (error) {
    outcome.failure = failureIn(phase, error);
    return state;
  }
}

async function planOn({ target, source }: Copies, options: RehearsalOptions): Promise<Plan> {
  const { rehearsed, schema, allViews, strict } = options;
  const snapshot = await target.snapshot(schema);
  if (rehearsed.kind === 'schema') return createPlan({ file: rehearsed.file, snapshot, allViews, strict });
  const plan = await createDataPlan({
    file: rehearsed.file,
    source: {
      databaseId: 'copy',
      name: rehearsed.file.from.database ?? 'the same database',
      schema: rehearsed.fromSchema,
      snapshot: await source.snapshot(rehearsed.fromSchema),
      sameDatabase: false,
    },
    target: snapshot,
    describe: (...asked) => source.describeRows(...asked),
    hasRows: (table) => target.hasRows(table),
    // Every record of the sample, wherever the last run ended.
    watermarks: new Map(),
  });
  for (const load of plan.data?.loads ?? []) await transformOf(load);
  return plan;
}

/**
 * Goes on with a rehearsal until it is over or the time is up: everything up to the soft contract, then all of it back.
 * Nobody else uses the copy, so that locks are held as long as they must be, and waited for never. `save` is called
 * after each phase and at the end of the time; from what it was given last another invocation goes on. A failure of the
 * migration is part of what is found. Throws what may pass when it is tried again.
 */
export async function continueRehearsal(
  copies: Copies,
  begun: RehearsalState,
  options: RehearsalOptions,
  save: (state: RehearsalState) => Promise<void>,
): Promise<RehearsalState> {
  const state = structuredClone(begun);
  const { plan, outcome } = state;
  if (state.over || plan === null) return { ...state, over: true };
  const phases = phasesOf(copies, plan, options, outcome);
  let name = 'compare';
  try {
    while (state.at.phase < phases.length) {
      const phase = phases[state.at.phase];
      if (phase === undefined) break;
      name = phase.name;
      const more = await runPhase(phase, state, options);
      if (!more) {
        outcome.phases.push(phaseReport(name, state));
        state.at = phaseBegin(state.at.phase + 1);
      }
      await save(state);
      if (more || clock.now() >= options.until) return state;
    }
    name = 'compare';
    await copies.target.releaseFence(fenceOf(options));
    const { changes } = describeDifference(state.before, await copies.target.shape(options.schema));
    outcome.differences = changes
      .slice(0, mostDifferences)
      .map((change) => JSON.stringify(change).slice(0, 300));
  } catch (error) {
    outcome.failure = failureIn(name, error);
  }
  state.over = true;
  await save(state);
  return state;
}

const phasesOf = (copies: Copies, plan: Plan, options: RehearsalOptions, outcome: Outcome): Phase[] =>
  plan.data === undefined
    ? schemaPhases(copies.target, plan, fenceOf(options))
    : dataPhases(copies, plan.data, fenceOf(options), outcome);

/** Whether something of the phase is left. At least one piece is begun, so that every invocation gets further. */
async function runPhase({ pieces }: Phase, state: RehearsalState, options: RunOptions): Promise<boolean> {
  const { at, outcome } = state;
  while (at.piece < pieces.length) {
    options.signal.throwIfAborted();
    const began = clock.monotonic();
    const done = await pieces[at.piece]?.(at.last, options);
    if (done === undefined) break;
    at.ms += clock.monotonic() - began;
    at.rows += done.rows;
    at.longestLockWaitMs = Math.max(at.longestLockWaitMs, done.lockWaitMs);
    at.longestLockHoldMs = Math.max(at.longestLockHoldMs, done.lockHoldMs);
    outcome.verification.rowsChecked += done.checked;
    outcome.verification.wrong += done.wrong;
    at.last = done.status === 'done' ? null : done.last;
    if (done.status === 'done') at.piece += 1;
    if (at.piece < pieces.length && clock.now() >= options.until) return true;
  }
  return false;
}

function phaseReport(name: string, { at, outcome }: RehearsalState): Outcome['phases'][number] {
  const measuredMs = Math.round(at.ms);
  const own = outcome.forecast?.steps.filter(({ phase }) => phase === name) ?? [];
  const forecastMs = own.length === 0 ? null : addedRange(own.map(({ durationMs }) => durationMs));
  return {
    phase: name,
    forecastMs,
    measuredMs,
    // Quicker than forecast is no reason to worry.
    asForecast: forecastMs === null ? null : measuredMs <= forecastMs.high,
    rows: at.rows,
    longestLockWaitMs: Math.round(at.longestLockWaitMs),
    longestLockHoldMs: Math.round(at.longestLockHoldMs),
  };
}

/** What the migration failed with in a phase; what may pass is thrown. */
function failureIn(phase: string, error: unknown): NonNullable<Outcome['failure']> {
  if (!(error instanceof TheseusError) || error.retryable) throw error;
  const { name, message, action } = error;
  return { name, message, phase, action: action ?? null };
}

export const hasPassed = ({ failure, findings, differences, verification, refused }: Outcome): boolean =>
  failure === null &&
  findings.length === 0 &&
  differences.length === 0 &&
  verification.wrong === 0 &&
  (refused === null || refused.records <= refused.allowed);

/** A copy has few rows: what could not be read in time there is no finding. */
const hinders = ({ code }: Finding): boolean => !code.endsWith('_not_checked');
