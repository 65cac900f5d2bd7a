import { ConflictException, CreateScheduleCommand } from '@aws-sdk/client-scheduler';
import { scheduler } from '#platform/clients.ts';
import { environmentVariable } from '#platform/environment.ts';
import { executionInput, stateMachineArn } from '../executions/workflow.ts';
import type { MigrationRecord } from '../records.ts';

/** Makes the schedule of a removal, once. It deletes itself; a removal that is not wanted then does nothing. */
export async function scheduleRemoval(record: MigrationRecord, removalAt: string): Promise<void> {
  const input = await executionInput(record);
  try {
    await scheduler().send(
      new CreateScheduleCommand({
        Name: `${record.id}-removal`,
        GroupName: environmentVariable('SCHEDULE_GROUP'),
        ScheduleExpression: `at(${removalAt.slice(0, 19)})`,
        ScheduleExpressionTimezone: 'UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
        ActionAfterCompletion: 'DELETE',
        Target: {
          Arn: stateMachineArn('removal', record),
          RoleArn: environmentVariable('SCHEDULER_ROLE_ARN'),
          Input: JSON.stringify(input),
        },
      }),
    );
  } catch (error) {
    // An earlier run made it.
    if (!(error instanceof ConflictException)) throw error;
  }
}
