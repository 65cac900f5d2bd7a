import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { readPlan } from '../artifacts.ts';
import { runOptions } from '../databases/target.ts';
import { enterUnlockedPhase } from '../executions/history.ts';
import { assertValid } from '../planning/validation.ts';
import { secondsToStart } from '../schedule/waits.ts';
import { TaskOfMigration } from '../schemas.ts';

/** Rights, data and connections are looked at before anything is changed. */
export const handler = task({
  name: 'validate-migration',
  input: TaskOfMigration,
  output: z.strictObject({
    approvalRequired: z.boolean(),
    waitSeconds: z.int().describe('Until it may start by its schedule; 0: now'),
  }),
  async handler({ migrationId }, tools) {
    const record = await enterUnlockedPhase(migrationId, 'validate');
    await assertValid(record, await readPlan(record), runOptions(tools));
    return {
      approvalRequired: record.approval !== null && record.approval.decision !== 'approved',
      waitSeconds: secondsToStart(record.schedule, clock.now()),
    };
  },
});
