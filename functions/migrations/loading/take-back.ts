import { readPlan } from '../artifacts.ts';
import { withTarget } from '../databases/target.ts';
import type { RunOptions } from '../engines/engine.ts';
import type { StepsResult } from '../executions/steps.ts';
import { readMigration } from '../migration-store.ts';

/** Takes back the rows of a data migration; of any other nothing. `running`: call again. */
export async function takeBackRows(
  { migrationId, epoch }: { migrationId: string; epoch: number },
  options: RunOptions,
): Promise<StepsResult> {
  const record = await readMigration(migrationId);
  const { data } = await readPlan(record);
  if (data === undefined) return { status: 'done' };
  const fence = { migration: migrationId, epoch };
  return withTarget(record, 'revert', async (engine) => {
    await engine.setFencePhase(fence, 'revert');
    return { status: await engine.takeBackLoads(data.loads, fence, options) };
  });
}

/** The end of the undo window: what could be taken back is forgotten. */
export async function forgetRows({
  migrationId,
  epoch,
}: {
  migrationId: string;
  epoch: number;
}): Promise<void> {
  const record = await readMigration(migrationId);
  const { data } = await readPlan(record);
  if (data === undefined) return;
  const fence = { migration: migrationId, epoch };
  await withTarget(record, 'remove', (engine) => engine.forgetLoads(data.loads, fence));
}
