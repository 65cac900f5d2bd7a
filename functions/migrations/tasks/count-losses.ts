import { z } from 'zod';
import { task } from '#platform/task.ts';
import { readPlan } from '../artifacts.ts';
import { enterPhase } from '../history.ts';
import { LockedTask } from '../schemas.ts';
import { changeMigration } from '../store.ts';
import { runOptions, withTarget } from '../target.ts';

/** Counts the rows that cannot return to the old version as they are. */
export const handler = task({
  name: 'count-losses',
  input: LockedTask,
  output: z.strictObject({ lostRows: z.int(), accepted: z.boolean() }),
  async handler({ migrationId, epoch }, tools) {
    const record = await enterPhase(migrationId, epoch, 'count_losses');
    const plan = await readPlan(record);
    const losses = await withTarget(record, 'losses', async (engine) => {
      const counted = [];
      for (const backup of plan.undoLosses) {
        const rows = await engine.countRows(backup, runOptions(tools));
        counted.push({ backup: backup.id, table: backup.table.name, columns: backup.columns, rows });
      }
      return counted;
    });
    const changed = await changeMigration(migrationId, ({ undo }) =>
      undo === null ? undefined : { set: { undo: { ...undo, losses } } },
    );
    return {
      lostRows: losses.reduce((sum, { rows }) => sum + rows, 0),
      accepted: changed.undo?.acceptLosses ?? false,
    };
  },
});
