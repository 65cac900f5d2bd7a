import type { TaskTools } from '#platform/task.ts';
import { readPlan } from '../artifacts.ts';
import { withTarget } from '../databases/target.ts';
import type { Plan, Step } from '../plan/schemas.ts';
import type { Phase } from '../schemas.ts';
import { enterPhase } from './history.ts';
import { runSteps, type StepsResult } from './steps.ts';

/** A phase that is nothing but its plan's steps: enter it, say so in the target, run them. */
export async function runPhase(
  { migrationId, epoch }: { migrationId: string; epoch: number },
  phase: Phase,
  stepsOf: (plan: Plan) => Step[],
  tools: TaskTools,
): Promise<StepsResult> {
  const record = await enterPhase(migrationId, epoch, phase);
  const steps = stepsOf(await readPlan(record));
  if (steps.length === 0) return { status: 'done' };
  const fence = { migration: migrationId, epoch };
  return withTarget(record, phase, async (engine) => {
    await engine.setFencePhase(fence, phase);
    return runSteps(engine, steps, fence, phase, tools);
  });
}
