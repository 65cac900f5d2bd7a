import { clock } from '#platform/clock.ts';
import { reconcileOpen } from '#platform/open-work.ts';
import type { TaskTools } from '#platform/task.ts';
import type { InvocationLogger } from '#platform/telemetry.ts';
import { deliverAnswers } from '../decisions/tokens.ts';
import { changeMigration, isActive, readMigration, readWork } from '../migration-store.ts';
import type { Execution, MigrationRecord } from '../records.ts';
import { givenUp, mostAttempts, recordFailure } from './failures.ts';
import { executionStatus, newExecution, startExecution } from './workflow.ts';

/** Planning takes seconds; what is not there after this was cut off, ms. */
const planningMs = 15 * 60_000;

/** Looks at every migration that is active. Failures of one do not keep it from the others. */
export const reconcileAll = (tools: Pick<TaskTools, 'signal' | 'logger' | 'metrics'>) =>
  reconcileOpen(
    'migration',
    (from) => readWork(from),
    tools,
    (id) => reconcileMigration(id, tools.logger),
  );

/** Brings one migration on when nobody else does. Returns whether anything had to be done. */
export async function reconcileMigration(id: string, logger: InvocationLogger): Promise<boolean> {
  const record = await readMigration(id);
  await deliverAnswers(record);
  if (record.status === 'planning') return rejectForgotten(record);
  const { retryAt } = record.removal;
  if (record.status === 'completed' && retryAt !== null && retryAt <= clock.now()) {
    await startExecution(record, removalExecution(record, retryAt));
    return true;
  }
  if (!isActive(record.status) || record.execution === null) return false;
  const status = await executionStatus(record.execution, record);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return false;
  logger.warn('execution does not run', { migration: id, execution: record.execution.name, status });
  if (status === undefined) {
    // The record was written and the start was not: the name makes a second start harmless.
    await startExecution(record, record.execution);
    return true;
  }
  return afterDeath(record, record.execution, status);
}

/** Unlike the schedule's, this one has a name of ours; acquire-lock claims the migration for it. */
const removalExecution = (record: MigrationRecord, retryAt: number): Execution => ({
  ...newExecution(record.id, 'removal', record.removal.attempts + 1),
  name: `${record.id}-removal-${Math.floor(retryAt / 1_000)}`,
});

/** The execution that should act ended, and the record does not say how. */
async function afterDeath(record: MigrationRecord, execution: Execution, status: string): Promise<boolean> {
  // What another one wrote meanwhile counts: it is looked at again in a few minutes.
  const current = await readMigration(record.id);
  if (current.execution?.name !== execution.name || !isActive(current.status)) return false;
  const recoverable = execution.kind === 'rollback' || (execution.kind === 'undo' && current.undo?.restoring);
  if (!recoverable) {
    await recordFailure(record.id, execution.arn ?? execution.name, {
      name: 'ExecutionDied',
      message: `The execution ${execution.name} ended with ${status} in phase ${current.phase ?? 'none'}`,
      evidence: { execution: execution.name, status, phase: current.phase },
      action: 'Nothing: the change is taken back by itself.',
      retryable: false,
      state: 'Reconcile',
      at: clock.iso(),
    });
    const decided = await readMigration(record.id);
    if (decided.status === 'rolling_back' && decided.execution !== null) {
      await startExecution(decided, decided.execution);
    }
    return true;
  }
  const again = await changeMigration(record.id, (found) => {
    if (found.execution?.name !== execution.name || !isActive(found.status)) return undefined;
    if (execution.attempt >= mostAttempts[execution.kind]) return givenUp(found);
    const next = newExecution(found.id, execution.kind, execution.attempt + 1);
    return {
      set: {
        execution: next,
        ...(execution.kind === 'undo' ? { undoAttempts: next.attempt } : {}),
      },
      events: [
        { type: `${execution.kind}.started_again`, actor: 'theseus', data: { attempt: next.attempt } },
      ],
    };
  });
  if (again.status !== 'failed' && again.execution !== null) await startExecution(again, again.execution);
  return true;
}

async function rejectForgotten(record: MigrationRecord): Promise<boolean> {
  if (Date.parse(record.createdAt) > clock.now() - planningMs) return false;
  await changeMigration(record.id, ({ status }) =>
    status === 'planning'
      ? {
          set: {
            status: 'rejected',
            failure: {
              name: 'ExecutionDied',
              message: 'Planning was cut off before it could say what it found',
              action: 'Plan the migration again.',
              phase: 'plan',
              at: clock.iso(),
              evidence: {},
            },
          },
          events: [{ type: 'migration.rejected', actor: 'theseus', data: { failure: 'ExecutionDied' } }],
        }
      : undefined,
  );
  return true;
}
