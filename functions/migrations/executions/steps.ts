import { clock } from '#platform/clock.ts';
import type { TaskTools } from '#platform/task.ts';
import { runOptions } from '../databases/target.ts';
import type { Engine, Fence, StepResult } from '../engines/engine.ts';
import type { Step } from '../plan/schemas.ts';
import { StepRecord } from '../records.ts';
import type { Phase } from '../schemas.ts';
import { keys, readItem } from '../store.ts';
import { saveStep } from './progress.ts';

export interface StepsResult {
  /** `running`: a long statement goes on in the database, or the invocation is nearly over; call again. */
  status: 'done' | 'running';
}

/**
 * Runs a phase's steps in order and keeps the figures of each. A step that an earlier run finished is passed over by
 * the engine, which asks the target itself.
 */
export async function runSteps(
  engine: Engine,
  steps: Step[],
  fence: Fence,
  phase: Phase,
  tools: Pick<TaskTools, 'deadline' | 'signal' | 'logger' | 'metrics'>,
): Promise<StepsResult> {
  const options = runOptions(tools);
  for (const step of steps) {
    if (clock.now() >= options.until) return { status: 'running' };
    tools.signal.throwIfAborted();
    const result = await engine.runStep(step, fence, options);
    if (!result.already) tools.metrics.duration('LockHold', result.lockHoldMs);
    await recordStep(fence.migration, phase, step, result);
    tools.logger.info('step ran', { step: step.id, status: result.status, lockHoldMs: result.lockHoldMs });
    if (result.status === 'running') return { status: 'running' };
  }
  return { status: 'done' };
}

/** Keeps a step's figures; those of the run that did the work are not replaced by a look at finished work. */
async function recordStep(id: string, phase: Phase, step: Step, result: StepResult): Promise<void> {
  const before = await readItem(StepRecord, keys.step(id, phase, step.id));
  if (result.already && before?.status === 'done') return;
  await saveStep(id, {
    phase,
    step: step.id,
    purpose: step.purpose,
    status: result.status,
    lockWaitMs: Math.max(result.lockWaitMs, before?.lockWaitMs ?? 0),
    lockHoldMs: Math.max(result.lockHoldMs, before?.lockHoldMs ?? 0),
    attempts: result.attempts + (before?.attempts ?? 0),
    durationMs: result.durationMs + (before?.durationMs ?? 0),
    progress: result.progress,
    at: clock.iso(),
  });
}
