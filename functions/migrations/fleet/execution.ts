import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type ExecutionStatus,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { stepFunctions } from '#platform/clients.ts';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
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
  try {
    const started = await stepFunctions().send(
      new StartExecutionCommand({
        stateMachineArn: machineArn(),
        name: execution.name,
        input: JSON.stringify({ fleetId: fleet.id }),
      }),
    );
    return await changeFleet(fleet.id, (record) =>
      record.execution?.name !== execution.name || record.execution.arn !== null
        ? undefined
        : { set: { execution: { ...record.execution, arn: started.executionArn ?? null } } },
    );
  } catch (error) {
    if (error instanceof ExecutionAlreadyExists) return fleet;
    throw error;
  }
}

/** How an execution stands; undefined when it never began. */
export async function fleetExecutionStatus(execution: Execution): Promise<ExecutionStatus | undefined> {
  const parts = machineArn().split(':');
  const arn = execution.arn ?? [...parts.slice(0, 5), 'execution', parts[6] ?? '', execution.name].join(':');
  try {
    return (await stepFunctions().send(new DescribeExecutionCommand({ executionArn: arn }))).status;
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}
