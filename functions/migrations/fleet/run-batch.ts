import { clock } from '#platform/clock.ts';
import { TheseusError } from '#platform/errors.ts';
import { jitteredBackoff } from '#platform/random.ts';
import { DeadlineNear, type TaskTools } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import { ExecutionSuperseded, FenceLost } from '../errors.ts';
import { failureOf } from '../executions/failures.ts';
import { remembering } from '../executions/memory.ts';
import { MigrationRecord } from '../records.ts';
import { keys, readItem } from '../store.ts';
import { halted, haltReason } from './halting.ts';
import { migrateTarget } from './migrate-target.ts';
import type { Batch, BatchTarget, FleetRecord, TargetRecord } from './records.ts';
import { endFailedUndo, takeBackFailed, undoTarget } from './return-target.ts';
import { changeFleet, countFailures, freshTarget, readFleet, readTarget, saveTarget } from './store.ts';
import { openStretches } from './stretches.ts';

export interface BatchResult {
  /** `more`: call again; `stopped`: the fleet is not to go on. */
  status: 'done' | 'more' | 'stopped';
  /** Targets that get an execution of their own. */
  large: BatchTarget[];
}

/** A target that a passing failure keeps from going on is tried this often in all. */
const mostTries = 5;

/**
 * Works through the targets of a batch, one after the other, each from wherever an earlier run left it. A target that
 * fails is taken back and the next one begins, until there are more failures than the fleet bears.
 */
export async function runBatch(
  fleetId: string,
  executionArn: string,
  { purpose, targets }: Pick<Batch, 'purpose' | 'targets'>,
  tools: TaskTools,
): Promise<BatchResult> {
  const { until } = runOptions(tools);
  const large: BatchTarget[] = [];
  let left = false;
  if (purpose === 'undo') {
    await openStretches(
      fleetId,
      targets.map(({ index }) => index),
    );
  }
  for (const target of targets) {
    const fleet = await readFleet(fleetId);
    if (fleet.status !== (purpose === 'undo' ? 'undoing' : 'running')) return { status: 'stopped', large };
    if (clock.now() >= until) return { status: 'more', large };
    tools.signal.throwIfAborted();
    const stands = (await readTarget(fleetId, target.index)) ?? freshTarget(fleetId, target);
    if (stands.attempt !== target.attempt) continue;
    const work = { fleet, target, stands, executionArn, tools };
    const result = purpose === 'undo' ? await takeBack(work) : await bringOn(work);
    if (result === 'large') large.push(target);
    if (result === 'left') left = true;
  }
  if (!left) return { status: 'done', large };
  await clock.sleep(leftMs, tools.signal);
  return { status: 'more', large };
}

/** A moment for the other run of a target to come to its end, ms. */
const leftMs = 1_000;

interface Work {
  fleet: FleetRecord;
  target: BatchTarget;
  stands: TargetRecord;
  executionArn: string;
  tools: TaskTools;
}

/** `left`: another run works on it at this moment, and its end is to be awaited. */
type Result = 'settled' | 'large' | 'left';

async function bringOn(work: Work): Promise<Result> {
  const { fleet, target, stands, executionArn, tools } = work;
  if (stands.status === 'own_execution') return 'large';
  if (stands.status !== 'pending' && stands.status !== 'running') return 'settled';
  const began = clock.monotonic();
  const running: TargetRecord = {
    ...stands,
    status: 'running',
    startedAt: stands.startedAt ?? clock.iso(),
  };
  if (stands.status === 'pending' && !(await saveTarget(fleet.id, running))) return 'settled';
  const spent = () => Math.round((stands.durationMs ?? 0) + clock.monotonic() - began);
  try {
    await refuseFormerFailure(stands.migrationId);
    const result = await patiently(() => remembering(() => migrateTarget(work)), tools);
    if (result === 'large') {
      await saveTarget(fleet.id, { ...running, status: 'own_execution' });
      return 'large';
    }
    await saveTarget(fleet.id, { ...running, status: 'done', endedAt: clock.iso(), durationMs: spent() });
    tools.metrics.duration('FleetTarget', spent());
    return 'settled';
  } catch (error) {
    if (isOfAnotherRun(error)) return 'left';
    const failed = asFailure(error, tools);
    await takeBackFailed(stands.migrationId, executionArn, failed, tools);
    await saveTarget(fleet.id, {
      ...running,
      status: 'failed',
      failure: failureOf(failed, null, clock.iso()),
      endedAt: clock.iso(),
      durationMs: spent(),
    });
    tools.logger.warn('target failed', { target: target.index, failure: failed.name });
    await haltIfTooMany(fleet, target.wave);
    return 'settled';
  }
}

async function takeBack({ fleet, stands, executionArn, tools }: Work): Promise<Result> {
  if (stands.status !== 'done') return 'settled';
  const asked = fleet.undo ?? { by: fleet.createdBy, acceptLosses: false, strategy: 'revert' as const };
  try {
    await patiently(
      () => remembering(() => undoTarget(stands.migrationId, executionArn, asked, tools)),
      tools,
    );
    await saveTarget(fleet.id, { ...stands, status: 'undone', endedAt: clock.iso() });
  } catch (error) {
    if (isOfAnotherRun(error)) return 'left';
    const failed = asFailure(error, tools);
    await endFailedUndo(stands.migrationId, executionArn, failed);
    const failure = failureOf(failed, null, clock.iso());
    await saveTarget(fleet.id, { ...stands, status: 'undo_failed', failure });
  }
  return 'settled';
}

/** A run that was cut off while it took a failed target back has left its failure in the record: it counts. */
async function refuseFormerFailure(migrationId: string): Promise<void> {
  const record = await readItem(MigrationRecord, keys.migration(migrationId));
  if (record?.failure === null || record === undefined) return;
  if (!['rolling_back', 'rolled_back', 'rejected', 'cancelled', 'failed'].includes(record.status)) return;
  const { name, message, evidence, action } = record.failure;
  throw new FormerFailure(name, message, { evidence, ...(action === null ? {} : { action }) });
}

class FormerFailure extends TheseusError {
  override readonly name: string;

  constructor(name: string, message: string, details: ConstructorParameters<typeof TheseusError>[1]) {
    super(message, details);
    this.name = name;
  }
}

/** Waits out what passes by itself, a few times. */
async function patiently<T>(work: () => Promise<T>, tools: TaskTools): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const passes = error instanceof TheseusError && error.retryable && !(error instanceof DeadlineNear);
      if (!passes || tries === mostTries || clock.now() >= runOptions(tools).until) throw error;
      await clock.sleep(jitteredBackoff(tries, 200, 5_000), tools.signal);
    }
  }
}

const isOfAnotherRun = (error: unknown): boolean =>
  error instanceof ExecutionSuperseded || error instanceof FenceLost;

/** The target's own failure. What is ours (no time left, no store to write to) is thrown on. */
function asFailure(error: unknown, tools: TaskTools): TheseusError {
  tools.signal.throwIfAborted();
  if (error instanceof TheseusError && !(error instanceof DeadlineNear)) return error;
  throw error;
}

async function haltIfTooMany(fleet: FleetRecord, wave: number): Promise<void> {
  const failed = await countFailures(fleet.id, wave);
  await changeFleet(fleet.id, (current) => {
    const reason = haltReason(current, wave, failed);
    if (current.status !== 'running' || reason === null) return undefined;
    return halted(wave, reason);
  });
}
