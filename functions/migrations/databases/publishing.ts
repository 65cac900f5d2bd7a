import { clock } from '#platform/clock.ts';
import { DeadlineNear, type TaskTools } from '#platform/task.ts';
import { readPlan } from '../artifacts.ts';
import { runPhase } from '../executions/phase-steps.ts';
import { changeMigration, knownMigration } from '../migration-store.ts';
import { makeLogin } from './login.ts';

/** Creates the new version's schema of views and its login role, and writes down when. May be run again at any point. */
export async function publishVersion(
  input: { migrationId: string; epoch: number },
  tools: TaskTools,
): Promise<void> {
  const result = await runPhase(input, 'publish', (plan) => plan.publish, tools);
  if (result.status === 'running') {
    throw new DeadlineNear('Publish did not end in one invocation', { evidence: { ...input } });
  }
  const record = await knownMigration(input.migrationId);
  const { login } = await readPlan(record);
  if (login !== undefined) {
    await makeLogin(record, login, { migration: input.migrationId, epoch: input.epoch });
  }
  await changeMigration(input.migrationId, ({ publishedAt, plan }) =>
    publishedAt === null
      ? {
          set: { publishedAt: clock.iso() },
          events: [
            {
              type: 'migration.published',
              actor: 'theseus',
              data: { versionSchema: plan?.versionSchema ?? '' },
            },
          ],
          postponable: true,
        }
      : undefined,
  );
}
