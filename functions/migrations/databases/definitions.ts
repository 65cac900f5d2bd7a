import { artifactKeys, readPlan, writeJsonOnce } from '../artifacts.ts';
import { enterPhase } from '../executions/history.ts';
import { changeMigration } from '../migration-store.ts';
import { withTarget } from './target.ts';

/**
 * Keeps the definitions of what is in change, and in the target the plan. The first backup counts: a late second run
 * would see the change. Returns their key, and whether the rows are to be backed up as well.
 */
export async function backUpDefinitions(
  migrationId: string,
  epoch: number,
): Promise<{ key: string; rows: boolean }> {
  const record = await enterPhase(migrationId, epoch, 'back_up_definitions');
  const key = artifactKeys.definitions(migrationId);
  const kept = { key, rows: record.options.backUpRows ?? false };
  if (record.definitionsKey !== null) return kept;
  const plan = await readPlan(record);
  await withTarget(record, 'definitions', async (engine) => {
    const fence = { migration: migrationId, epoch };
    await engine.setFencePhase(fence, 'back_up_definitions');
    await engine.keepPlan(fence, plan);
    await writeJsonOnce(key, await engine.definitions(plan));
  });
  await changeMigration(migrationId, () => ({ set: { definitionsKey: key }, postponable: true }));
  return kept;
}
