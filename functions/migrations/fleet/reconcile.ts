import { clock } from '#platform/clock.ts';
import type { Place } from '#platform/records.ts';
import type { TaskTools } from '#platform/task.ts';
import { readWork } from '../migration-store.ts';
import { fleetExecutionStatus, nextExecution, startFleetExecution } from './execution.ts';
import { changeFleet, isFleetActive, readFleet } from './store.ts';
import { deliverFleetAnswer } from './token.ts';

const mostPages = 20;
/** Executions of a fleet that may die before a person must look. */
const mostExecutions = 10;

/** Brings every fleet on whose execution died, or whose answer was not delivered. */
export async function reconcileFleets(
  tools: Pick<TaskTools, 'signal' | 'logger' | 'metrics'>,
): Promise<{ looked: number; acted: number }> {
  let looked = 0;
  let acted = 0;
  let from: Place | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const work = await readWork(from, 'FLEET_WORK');
    for (const id of work.ids) {
      tools.signal.throwIfAborted();
      looked += 1;
      try {
        if (await reconcileFleet(id)) acted += 1;
      } catch (error) {
        tools.metrics.count('ReconcileFailed');
        tools.logger.error('fleet not reconciled', error instanceof Error ? error : String(error));
      }
    }
    from = work.next;
    if (from === undefined) break;
  }
  return { looked, acted };
}

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
