import type { TaskTools } from '#platform/task.ts';
import { ConstraintViolated } from '../errors.ts';
import { runPhase } from '../executions/phase-steps.ts';
import { changeMigration } from '../migration-store.ts';
import type { Plan } from '../plan/schemas.ts';

/** More rounds than this between a count that finds nothing and a constraint that is refused are a fault of ours. */
const mostRounds = 5;

/**
 * Adds again what the soft contract had relaxed, and validates it, but for what was decided to come back NOT VALID.
 * From here on the undo can only be finished. `refused`: rows came since they were counted; count again.
 */
export async function restoreConstraints(
  input: { migrationId: string; epoch: number },
  tools: TaskTools,
): Promise<{ status: 'done' | 'running' | 'refused' }> {
  const { returning, phases } = await changeMigration(input.migrationId, ({ undo, lease, status }) =>
    undo === null || undo.restoring || lease?.epoch !== input.epoch
      ? undefined
      : {
          // The decision was made: nobody is waited for any more.
          set: {
            undo: { ...undo, restoring: true },
            status: status === 'waiting_for_decision' ? 'undoing' : status,
          },
        },
  );
  const notValid = new Set((returning?.refused ?? []).flatMap((one) => (one.notValid ? [one.id] : [])));
  const steps = ({ undoContract }: Plan) =>
    undoContract.filter(({ whole }) => whole === undefined || !notValid.has(whole));
  try {
    return await runPhase(input, 'restore_constraints', steps, tools);
  } catch (error) {
    const rounds = phases.filter(({ name }) => name === 'restore_constraints').length;
    if (!(error instanceof ConstraintViolated) || rounds >= mostRounds) throw error;
    tools.logger.warn('rows came that refuse a constraint', error);
    await changeMigration(input.migrationId, (record) =>
      record.lease?.epoch === input.epoch
        ? { set: { returning: { refused: record.returning?.refused ?? [], decision: 'retry' } } }
        : undefined,
    );
    return { status: 'refused' };
  }
}
