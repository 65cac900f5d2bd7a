import { reconcileOpen } from '#platform/open-work.ts';
import type { TaskTools } from '#platform/task.ts';
import type { InvocationLogger } from '#platform/telemetry.ts';
import { deliverAnswers } from '../decisions/tokens.ts';
import { changeDeployment, findDeployment, isActive, readDeploymentWork } from '../deployment-store.ts';
import type { DeploymentRecord, Enter } from '../records.ts';
import { tellRelease } from '../releases/waiting.ts';
import { readSlot } from '../slots.ts';
import { failureOf, staysForward } from './failures.ts';
import { freeForgotten } from './turns.ts';
import { executionStatus, newExecution, startExecution } from './workflow.ts';

/** How often an execution is followed by another one before a person must look. */
const mostAttempts = 10;

/** Looks at every deployment that is active. Failures of one do not keep it from the others. */
export const reconcileAll = (tools: Pick<TaskTools, 'signal' | 'logger' | 'metrics'>) =>
  reconcileOpen('deployment', readDeploymentWork, tools, (id) => reconcileDeployment(id, tools.logger));

/** Brings one deployment on when nobody else does. Returns whether anything had to be done. */
export async function reconcileDeployment(id: string, logger: InvocationLogger): Promise<boolean> {
  const record = await findDeployment(id);
  if (record === undefined || !isActive(record.status)) return false;
  if (record.status === 'queued') await freeForgotten(await readSlot(record.slot), record.slot);
  await deliverAnswers(record);
  const status = await executionStatus(record);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return false;
  logger.warn('execution does not run', { deployment: id, execution: record.execution.name, status });
  if (status === undefined) {
    // The record was written and the start was not: the name makes a second start harmless.
    await startExecution(record);
    return true;
  }
  const next = await changeDeployment(id, (current) => afterDeath(current, record.execution.name, status));
  if (next.execution.name !== record.execution.name && isActive(next.status)) await startExecution(next);
  await tellRelease(next);
  return true;
}

/** The execution that should act ended, and the record does not say how. */
function afterDeath(record: DeploymentRecord, name: string, status: string) {
  // What another one wrote meanwhile counts.
  if (record.execution.name !== name || !isActive(record.status)) return undefined;
  const { attempt } = record.execution;
  const enter: Enter = staysForward(record) ? 'keep' : 'back';
  const died = failureOf(
    {
      name: 'ExecutionDied',
      message: `The execution ${name} ended with ${status} in phase ${record.phase ?? 'none'}`,
      evidence: { execution: name, status },
      action: 'Nothing: traffic is given back by itself.',
    },
    record,
  );
  if (attempt >= mostAttempts) {
    return {
      set: { status: 'needs_attention' as const, failure: record.failure ?? died },
      events: [{ type: 'deployment.needs_attention', actor: 'theseus', data: { message: died.message } }],
    };
  }
  return {
    set: {
      execution: newExecution(record.id, enter, attempt + 1),
      ...(enter === 'keep'
        ? {}
        : {
            status: 'rolling_back' as const,
            phase: 'shift_back' as const,
            paused: null,
            failure: record.failure ?? died,
          }),
    },
    events: [{ type: 'deployment.started_again', actor: 'theseus', data: { enter, after: status } }],
  };
}
