import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { keepToken } from '../decisions/tokens.ts';
import { enterPhase } from '../executions/history.ts';
import { readMigration } from '../migration-store.ts';
import { LockedTask } from '../schemas.ts';

/** The soak: waits until someone completes the migration, or the state's own timeout ends it. */
export const handler = task({
  name: 'await-completion',
  input: LockedTask.extend({ taskToken: z.string().min(1) }),
  output: z.strictObject({}),
  async handler({ migrationId, epoch, taskToken }) {
    const { options } = await readMigration(migrationId);
    const soakUntil = new Date(clock.now() + options.soakSeconds * 1_000).toISOString();
    await enterPhase(migrationId, epoch, 'soak', { status: 'soaking', soakUntil });
    await keepToken(migrationId, 'completion', taskToken);
    return {};
  },
});
