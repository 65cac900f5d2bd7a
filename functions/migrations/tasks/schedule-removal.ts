import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { enterPhase } from '../executions/history.ts';
import { changeMigration } from '../migration-store.ts';
import { LockedTask } from '../schemas.ts';
import { scheduleRemoval } from '../undo/removal-schedule.ts';
import { removalTime } from '../undo/undo-window.ts';

/** Sets the day on which what is old is removed. */
export const handler = task({
  name: 'schedule-removal',
  input: LockedTask,
  output: z.strictObject({ removalAt: z.string() }),
  async handler({ migrationId, epoch }) {
    await enterPhase(migrationId, epoch, 'complete');
    const record = await changeMigration(migrationId, (found) =>
      found.removalAt === null ? { set: { removalAt: removalTime(found) } } : undefined,
    );
    const removalAt = record.removalAt ?? clock.iso();
    await scheduleRemoval(record, removalAt);
    return { removalAt };
  },
});
