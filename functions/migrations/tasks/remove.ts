import { task } from '#platform/task.ts';
import { runPhase } from '../executions/phase-steps.ts';
import { forgetRows } from '../loading/take-back.ts';
import { changeMigration } from '../migration-store.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';

/** Ends the dual write and drops what only the old version used. From here on there is no undo. */
export const handler = task({
  name: 'remove',
  input: LockedTask,
  output: StepsOutput,
  async handler(input, tools) {
    await changeMigration(input.migrationId, ({ removal, lease }) =>
      removal.begun || lease?.epoch !== input.epoch
        ? undefined
        : {
            set: { removal: { ...removal, begun: true } },
            events: [{ type: 'migration.removal_begun', actor: 'theseus' }],
          },
    );
    await forgetRows(input);
    return runPhase(input, 'remove', (plan) => plan.removal, tools);
  },
});
