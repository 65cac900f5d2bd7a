import type { ExecutionStatus } from '@aws-sdk/client-sfn';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { startOnce, statusOf } from '#platform/executions.ts';
import type { FleetRecord } from './records.ts';
import { changeFleet } from './store.ts';

type Execution = NonNullable<FleetRecord['execution']>;

const machineArn = (): string => environmentVariable('MIGRATION_FLEET_STATE_MACHINE_ARN');

/** The execution that a fleet is about to have; its name is the same however often it is started. */
export function nextExecution({ id, execution }: FleetRecord): Execution {
  const attempt = (execution?.attempt ?? 0) + 1;
  return { name: `${id}-${attempt}`, arn: null, attempt, startedAt: clock.now() };
}

/** Starts the execution in the record, once: a second start of the same name finds the first. */
export async function startFleetExecution(fleet: FleetRecord): Promise<FleetRecord> {
  const { execution } = fleet;
  if (execution === null) return fleet;
  const arn = await startOnce(machineArn(), execution.name, { fleetId: fleet.id });
  if (arn === undefined) return fleet;
  return await changeFleet(fleet.id, (record) =>
    record.execution?.name !== execution.name || record.execution.arn !== null
      ? undefined
      : { set: { execution: { ...record.execution, arn } } },
  );
}

/** How an execution stands; undefined when it never began. */
export const fleetExecutionStatus = (execution: Execution): Promise<ExecutionStatus | undefined> =>
  statusOf(machineArn(), execution);
