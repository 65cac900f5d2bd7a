import { artifactKeys, readPlan, writeJsonOnce } from '../artifacts.ts';
import { enterPhase } from '../executions/history.ts';
import { changeMigration } from '../store.ts';
import { withTarget } from './target.ts';

/**
 * Keeps the definitions of what is in change, and in the target the plan. Returns their key. The first backup counts: a late second run would
 * see the change.
 */
export async function backUpDefinitions(migrationId: string, epoch: number): Promise<string> {
  const record = await enterPhase(migrationId, epoch, 'back_up_definitions');
  const key = artifactKeys.definitions(migrationId);
  if (record.definitionsKey !== null) return key;
  const plan = await readPlan(record);
  await withTarget(record, 'definitions', async (engine) => {
    const fence = { migration: migrationId, epoch };
    await engine.setFencePhase(fence, 'back_up_definitions');
    await engine.keepPlan(fence, plan);
    await writeJsonOnce(key, await engine.definitions(plan));
  });
  await changeMigration(migrationId, () => ({ set: { definitionsKey: key } }));
  return key;
}
