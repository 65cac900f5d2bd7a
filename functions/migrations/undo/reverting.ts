import type { TaskTools } from '#platform/task.ts';
import { readPlan } from '../artifacts.ts';
import { runOptions, withTarget } from '../databases/target.ts';
import { enterPhase } from '../executions/history.ts';
import { runSteps, type StepsResult } from '../executions/steps.ts';
import { loadOldRows, restoreOldRows } from './old-rows.ts';

/**
 * Takes back whatever phases ran; every statement tolerates that its object was never made. On the way to_backup the
 * rows of before are at hand when it begins, and in their tables when it ends. Throws BackupDamaged before it begins.
 */
export async function revert(
  { migrationId, epoch }: { migrationId: string; epoch: number },
  tools: TaskTools,
): Promise<StepsResult> {
  const record = await enterPhase(migrationId, epoch, 'revert');
  const plan = await readPlan(record);
  const fence = { migration: migrationId, epoch };
  const options = runOptions(tools);
  return withTarget(record, 'revert', async (engine) => {
    await engine.setFencePhase(fence, 'revert');
    const loaded = await loadOldRows(engine, record, fence, options);
    if (loaded.status === 'running') return loaded;
    const reverted = await runSteps(engine, plan.rollback, fence, 'revert', tools);
    if (reverted.status === 'running') return reverted;
    return restoreOldRows(engine, record, plan, fence, options);
  });
}
