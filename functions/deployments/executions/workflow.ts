import type { ExecutionStatus } from '@aws-sdk/client-sfn';
import { clock } from '#platform/clock.ts';
import { environmentVariable } from '#platform/environment.ts';
import { startOnce, statusOf } from '#platform/executions.ts';
import { changeDeployment } from '../deployment-store.ts';
import { ExecutionSuperseded } from '../errors.ts';
import type { DeploymentRecord, Enter, Execution } from '../records.ts';

const stateMachineArn = () => environmentVariable('DEPLOYMENT_STATE_MACHINE_ARN');

/** The execution a record is about to have; its name is the same however often it is started. */
export const newExecution = (id: string, enter: Enter, attempt: number): Execution => ({
  name: `${id}-${enter}-${attempt}`,
  arn: null,
  enter,
  attempt,
});

/** The deployment an execution works for, by its name; undefined when it is not one of ours. */
export const deploymentOfExecution = (name: string): string | undefined =>
  /^(dep_[A-Za-z0-9]{1,40})-(start|back|keep)-\d+$/.exec(name)?.[1];

/** Throws ExecutionSuperseded unless the record names this execution as the one that acts. */
export function assertActs({ id, execution }: DeploymentRecord, name: string): void {
  if (execution.name === name) return;
  throw new ExecutionSuperseded(`${name} acts no longer for ${id}`, {
    evidence: { acts: execution.name, found: name },
    action: 'Nothing: the other execution goes on.',
  });
}

/** How long the old version is kept from now on, s; at least 1. */
const secondsLeft = ({ keepsBlueUntil }: DeploymentRecord): number =>
  keepsBlueUntil === null ? 1 : Math.max(1, Math.ceil((Date.parse(keepsBlueUntil) - clock.now()) / 1_000));

/** Starts the execution that the record names, once: a second start of the same name finds the first. */
export async function startExecution(record: DeploymentRecord): Promise<DeploymentRecord> {
  const { id, execution } = record;
  const input = { deploymentId: id, enter: execution.enter, waitSeconds: secondsLeft(record) };
  const arn = await startOnce(stateMachineArn(), execution.name, input);
  if (arn === undefined) return record;
  return await changeDeployment(id, (current) =>
    current.execution.name !== execution.name || current.execution.arn !== null
      ? undefined
      : { set: { execution: { ...current.execution, arn } } },
  );
}

/** How the execution of the record stands; undefined when it never began. */
export const executionStatus = ({ execution }: DeploymentRecord): Promise<ExecutionStatus | undefined> =>
  statusOf(stateMachineArn(), execution);
