import { task } from '#platform/task.ts';
import { runPhase } from '../phase-steps.ts';
import { LockedTask, StepsOutput } from '../schemas.ts';
import { changeMigration } from '../store.ts';

/** Adds again what the soft contract had relaxed, and validates it. From here on the undo can only be finished. */
export const handler = task({
  name: 'restore-constraints',
  input: LockedTask,
  output: StepsOutput,
  async handler(input, tools) {
    await changeMigration(input.migrationId, ({ undo, lease, status }) =>
      undo === null || undo.restoring || lease?.epoch !== input.epoch
        ? undefined
        : {
            // The decision was made: nobody is waited for any more.
            set: {
              undo: { ...undo, restoring: true },
              status: status === 'waiting_for_decision' ? 'undoing' : status,
            },
          },
    );
    return runPhase(input, 'restore_constraints', (plan) => plan.undoContract, tools);
  },
});
