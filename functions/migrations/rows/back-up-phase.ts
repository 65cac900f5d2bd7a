import type { TaskTools } from '#platform/task.ts';
import { readPlan } from '../artifacts.ts';
import { runOptions, withTarget } from '../databases/target.ts';
import type { Engine } from '../engines/engine.ts';
import { enterPhase } from '../executions/history.ts';
import { runSteps, type StepsResult } from '../executions/steps.ts';
import type { Plan } from '../plan/schemas.ts';
import type { BackupPurpose } from '../schemas.ts';
import { keepNewRows } from '../undo/new-rows.ts';
import { backUpRows, type KeptRowsOf, rowsBefore } from './back-up.ts';

type Purpose = Exclude<BackupPurpose, 'overwritten'>;

async function backupsFor(purpose: Purpose, engine: Engine, plan: Plan): Promise<KeptRowsOf[]> {
  if (purpose === 'before') return rowsBefore(engine, plan);
  return purpose === 'removal' ? plan.removalBackups : plan.undoLosses;
}

/**
 * Copies rows that go away to the backup bucket, part by part; a part that is stored is not copied again. Before a
 * revert the version's views go first, so that no client of theirs writes what is not copied any more, and the way back
 * schema_only keeps what they wrote in the database too.
 */
export async function backUpPhase(
  { migrationId, epoch }: { migrationId: string; epoch: number },
  purpose: Purpose,
  tools: TaskTools,
): Promise<StepsResult> {
  const phase = purpose === 'revert' ? 'back_up_lost_rows' : 'back_up_rows';
  const record = await enterPhase(migrationId, epoch, phase);
  // What an attempt before this one began to drop, it had copied.
  if (purpose === 'revert' && record.phases.some(({ name }) => name === 'revert')) return { status: 'done' };
  const plan = await readPlan(record);
  const fence = { migration: migrationId, epoch };
  return withTarget(record, 'backup', async (engine) => {
    await engine.setFencePhase(fence, phase);
    if (purpose === 'revert') {
      const hidden = await runSteps(engine, plan.rollback.slice(0, 1), fence, 'revert', tools);
      if (hidden.status === 'running') return hidden;
    }
    const backups = await backupsFor(purpose, engine, plan);
    const kept = await backUpRows(engine, record, plan, purpose, backups, runOptions(tools));
    if (kept.status === 'running' || purpose !== 'revert') return kept;
    return keepNewRows(engine, record, plan, fence, runOptions(tools));
  });
}
