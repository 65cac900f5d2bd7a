import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { DeadlineNear, task } from '#platform/task.ts';
import { readPlan } from '../artifacts.ts';
import { enterPhase } from '../history.ts';
import { makeLogin } from '../login.ts';
import { runPhase } from '../phase-steps.ts';
import { LockedTask } from '../schemas.ts';
import { changeMigration, readMigration } from '../store.ts';

const Output = z.strictObject({ status: z.enum(['done', 'paused']), soakSeconds: z.int() });

/** Creates the new version's schema of views. A pause asked for before this moment is kept here. */
export const handler = task({
  name: 'publish',
  input: LockedTask,
  output: Output,
  async handler(input, tools): Promise<z.infer<typeof Output>> {
    // Whoever pauses before this write is seen here; afterwards pause is refused.
    const { options, status } = await enterPhase(input.migrationId, input.epoch, 'publish');
    if (status === 'paused') return { status: 'paused', soakSeconds: options.soakSeconds };
    const result = await runPhase(input, 'publish', (plan) => plan.publish, tools);
    if (result.status === 'running') {
      throw new DeadlineNear('Publish did not end in one invocation', { evidence: { ...input } });
    }
    const record = await readMigration(input.migrationId);
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
          }
        : undefined,
    );
    return { status: 'done', soakSeconds: options.soakSeconds };
  },
});
