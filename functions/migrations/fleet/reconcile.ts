import { clock } from '#platform/clock.ts';
import { reconcileOpen } from '#platform/open-work.ts';
import type { TaskTools } from '#platform/task.ts';
import { readWork } from '../migration-store.ts';
import { fleetExecutionStatus, nextExecution, startFleetExecution } from './execution.ts';
import { changeFleet, isFleetActive, readFleet } from './store.ts';
import { deliverFleetAnswer } from './token.ts';

/** Executions of a fleet that may die before a person must look. */
const mostExecutions = 10;

/** Brings every fleet on whose execution died, or whose answer was not delivered. */
export const reconcileFleets = (tools: Pick<TaskTools, 'signal' | 'logger' | 'metrics'>) =>
  reconcileOpen('fleet', (from) => readWork(from, 'FLEET_WORK'), tools, reconcileFleet);

async function reconcileFleet(id: string): Promise<boolean> {
  const fleet = await readFleet(id);
  await deliverFleetAnswer(fleet);
  const { execution } = fleet;
  if (!isFleetActive(fleet) || execution === null) return false;
  const status = await fleetExecutionStatus(execution);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return false;
  if (status === undefined) {
    // The record was written and the start was not: the name makes a second start harmless.
    await startFleetExecution(fleet);
    return true;
  }
  const again = await changeFleet(id, (current) => {
    if (current.execution?.name !== execution.name || !isFleetActive(current)) return undefined;
    if (execution.attempt < mostExecutions) return { set: { execution: nextExecution(current) } };
    return {
      set: {
        status: 'failed',
        endedAt: clock.iso(),
        failure: {
          name: 'ExecutionDied',
          message: `The execution ${execution.name} ended with ${status}, as did those before it`,
          action: `Remove the cause, then: theseus migration fleet redrive ${id}`,
          phase: null,
          at: clock.iso(),
          evidence: { execution: execution.name, status },
        },
      },
      events: [{ type: 'fleet.failed', actor: 'theseus', data: { failure: 'ExecutionDied' } }],
    };
  });
  if (isFleetActive(again)) await startFleetExecution(again);
  return true;
}
