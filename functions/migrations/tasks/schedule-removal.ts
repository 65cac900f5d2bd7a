import { ConflictException, CreateScheduleCommand } from '@aws-sdk/client-scheduler';
import { z } from 'zod';
import { scheduler } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { task } from '#platform/task.ts';
import { enterPhase } from '../history.ts';
import { LockedTask } from '../schemas.ts';
import { changeMigration } from '../store.ts';
import { executionInput, stateMachineArn } from '../workflow.ts';

/** A schedule needs to lie in the future when it is made, ms. */
const soonestMs = 60_000;

/** Sets the day on which what is old is removed. The schedule deletes itself; a removal that is not wanted then does nothing. */
export const handler = task({
  name: 'schedule-removal',
  input: LockedTask,
  output: z.strictObject({ removalAt: z.string() }),
  async handler({ migrationId, epoch }) {
    await enterPhase(migrationId, epoch, 'complete');
    const record = await changeMigration(migrationId, ({ removalAt, options }) => {
      if (removalAt !== null) return undefined;
      const at = clock.now() + Math.max(options.undoWindowSeconds * 1_000, soonestMs);
      return { set: { removalAt: new Date(at).toISOString() } };
    });
    const removalAt = record.removalAt ?? clock.iso();
    const input = await executionInput(record);
    try {
      await scheduler().send(
        new CreateScheduleCommand({
          Name: `${migrationId}-removal`,
          GroupName: environmentVariable('SCHEDULE_GROUP'),
          ScheduleExpression: `at(${removalAt.slice(0, 19)})`,
          ScheduleExpressionTimezone: 'UTC',
          FlexibleTimeWindow: { Mode: 'OFF' },
          ActionAfterCompletion: 'DELETE',
          Target: {
            Arn: stateMachineArn('removal'),
            RoleArn: environmentVariable('SCHEDULER_ROLE_ARN'),
            Input: input,
          },
        }),
      );
    } catch (error) {
      // An earlier run of this task made it.
      if (!(error instanceof ConflictException)) throw error;
    }
    return { removalAt };
  },
});
