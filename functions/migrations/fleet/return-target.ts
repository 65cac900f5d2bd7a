import { clock } from '#platform/clock.ts';
import type { TheseusError } from '#platform/errors.ts';
import type { TaskTools } from '#platform/task.ts';
import { runOptions, withTarget } from '../databases/target.ts';
import { finish } from '../decisions/completion.ts';
import { ExecutionSuperseded, UndoDeclined } from '../errors.ts';
import { decideAfter, failureOf } from '../executions/failures.ts';
import { takeLease } from '../executions/lease.ts';
import { releaseSchemaLock, takeSchemaLock } from '../executions/schema-lock.ts';
import { executionNameOf, newExecution } from '../executions/workflow.ts';
import { refuseWhenLaterStands } from '../list.ts';
import { changeMigration, readMigration } from '../migration-store.ts';
import type { RollbackStrategy } from '../plan/strategies.ts';
import type { Execution, MigrationRecord } from '../records.ts';
import { backUpPhase } from '../rows/back-up-phase.ts';
import type { Phase } from '../schemas.ts';
import { keys, writeItem } from '../store.ts';
import { countLosses } from '../undo/losses.ts';
import { restoreConstraints } from '../undo/restoring.ts';
import { revert } from '../undo/reverting.ts';
import { chosenWay } from '../undo/strategy.ts';
import { assertUndoable, undoBegun } from '../undo/undoing.ts';
import { oncePerEpoch, untilDone } from './migrate-target.ts';

// What migration-rollback.asl.json and migration-undo.asl.json do in one execution, done for one small target.

const actedBy = (kind: Execution['kind'], executionArn: string, attempt: number): Execution => ({
  kind,
  name: executionNameOf(executionArn),
  arn: executionArn,
  attempt,
  startedAt: clock.now(),
});

/**
 * Writes down why a target failed and takes back what was done there. What cannot be taken back now is handed to a
 * rollback of its own, which the reconciler starts.
 */
export async function takeBackFailed(
  id: string,
  executionArn: string,
  error: TheseusError,
  tools: TaskTools,
): Promise<void> {
  const record = await changeMigration(id, (current) => {
    if (current.execution?.kind === 'rollback' || current.status === 'rejected') return undefined;
    const failure = failureOf(error, current.phase, clock.iso());
    if (current.status === 'planning' || current.status === 'planned') {
      return {
        set: { status: 'rejected', failure, phase: null },
        events: [{ type: 'migration.rejected', actor: 'theseus', data: { failure: failure.name } }],
      };
    }
    const change = decideAfter(current, failure, 'MigrateTarget');
    if (change?.set.status !== 'rolling_back') return change;
    // Without a lease the rollback takes one, with an epoch above that of a run which does not know that it is over.
    return {
      ...change,
      set: { ...change.set, lease: null, execution: actedBy('rollback', executionArn, 1) },
    };
  });
  const { failure } = record;
  if (failure !== null) await writeItem(keys.failure(id, failure.at, failure.name), failure);
  if (record.status === 'rejected' || record.status === 'cancelled') await releaseSchemaLock(record);
  if (record.status !== 'rolling_back') return;
  try {
    await rollBack(record, executionArn, tools);
  } catch (again) {
    tools.signal.throwIfAborted();
    tools.logger.error('target not taken back here', again instanceof Error ? again : String(again));
    await changeMigration(id, ({ status, execution }) =>
      status === 'rolling_back' && execution?.name === executionNameOf(executionArn)
        ? { set: { lease: null, execution: newExecution(id, 'rollback', 2) } }
        : undefined,
    );
  }
}

const entered = ({ phases }: MigrationRecord, phase: Phase): boolean =>
  phases.some(({ name }) => name === phase);

async function lockFor(
  record: MigrationRecord,
  kind: 'rollback' | 'undo',
  executionArn: string,
  tools: TaskTools,
): Promise<{ input: { migrationId: string; epoch: number }; once: ReturnType<typeof oncePerEpoch> }> {
  const lease = await takeLease(record.id, kind, executionArn);
  if (lease.status !== 'acquired') {
    throw new ExecutionSuperseded(`Another execution acts for migration ${record.id}`, {
      evidence: { id: record.id, executionArn },
    });
  }
  const { id, epoch, name, schema } = lease.record;
  await withTarget(record, 'lock', (engine) =>
    engine.takeFence({ migration: id, epoch }, { name, schema, phase: 'lock' }),
  );
  return { input: { migrationId: id, epoch }, once: oncePerEpoch(lease.record, tools) };
}

/** Rows that refuse a constraint of the old version are a person's to decide on, in the target's own migration. */
async function restore(input: { migrationId: string; epoch: number }, tools: TaskTools): Promise<void> {
  await untilDone(async () => {
    const { status } = await restoreConstraints(input, tools);
    if (status !== 'refused') return { status };
    throw new UndoDeclined(`Rows refuse the old constraints of migration ${input.migrationId}`, {
      evidence: { id: input.migrationId },
      action: `Look at it with: theseus migration show ${input.migrationId}`,
    });
  }, tools);
}

async function rollBack(record: MigrationRecord, executionArn: string, tools: TaskTools): Promise<void> {
  const { input, once } = await lockFor(record, 'rollback', executionArn, tools);
  if (entered(record, 'contract')) await once('restore_constraints', () => restore(input, tools));
  if (entered(record, 'publish')) {
    await once('back_up_lost_rows', () => untilDone(() => backUpPhase(input, 'revert', tools), tools));
  }
  await once('revert', () => untilDone(() => revert(input, tools), tools));
  await finish(record.id, input.epoch, 'rolled_back');
}

/**
 * Takes one completed target back, by the way that was asked for. Where rows would be lost that nobody accepted, it
 * stays completed. Throws Conflict, LaterMigrationStands, StrategyImpossible, UndoDeclined, MigrationInProgress and what
 * the phases throw.
 */
export async function undoTarget(
  id: string,
  executionArn: string,
  asked: { by: string; acceptLosses: boolean; strategy: RollbackStrategy },
  tools: TaskTools,
): Promise<void> {
  const before = await readMigration(id);
  if (before.status === 'undone') return;
  let { wayBack } = before;
  if (before.status !== 'undoing') {
    assertUndoable(before);
    await refuseWhenLaterStands(before);
    wayBack = await chosenWay(before, asked);
    await takeSchemaLock(before);
  }
  const record = await changeMigration(id, (current) => {
    if (current.status === 'undoing' && current.execution?.name === executionNameOf(executionArn)) {
      return undefined;
    }
    if (current.status !== 'undoing') assertUndoable(current);
    return undoBegun(current, actedBy('undo', executionArn, current.undoAttempts + 1), {
      ...asked,
      // What a run before this one has done on the way is in it.
      wayBack: current.status === 'undoing' ? current.wayBack : wayBack,
    });
  });
  const { input, once } = await lockFor(record, 'undo', executionArn, tools);
  await once('count_losses', async () => {
    if (record.undo?.restoring) return;
    const { lostRows, accepted, refusedConstraints } = await countLosses(id, input.epoch, runOptions(tools));
    if (refusedConstraints > 0 || (lostRows > 0 && !accepted)) {
      const what =
        refusedConstraints > 0
          ? `Rows refuse ${refusedConstraints} constraints of the old version`
          : `${lostRows} rows would be lost or overwritten`;
      throw new UndoDeclined(`${record.databaseName}/${record.schema}: ${what}`, {
        evidence: { losses: (await readMigration(id)).undo?.losses },
        action: `Look at them, then accept: theseus migration undo ${id} --accept-losses --strategy ${asked.strategy}; or for all targets that are left: theseus migration fleet undo <fleet> --accept-losses`,
      });
    }
  });
  await once('restore_constraints', () => restore(input, tools));
  await once('back_up_lost_rows', () => untilDone(() => backUpPhase(input, 'revert', tools), tools));
  await once('revert', () => untilDone(() => revert(input, tools), tools));
  await finish(id, input.epoch, 'undone');
}

/** An undo that failed: the migration stays completed, or is finished by an undo of its own when it was begun. */
export async function endFailedUndo(id: string, executionArn: string, error: TheseusError): Promise<void> {
  const record = await changeMigration(id, (current) => {
    if (current.execution?.name !== executionNameOf(executionArn) || current.status !== 'undoing') {
      return undefined;
    }
    const change = decideAfter(current, failureOf(error, current.phase, clock.iso()), 'UndoTarget');
    if (!current.undo?.restoring || change === undefined) return change;
    const attempt = current.undoAttempts + 1;
    return {
      ...change,
      set: {
        ...change.set,
        lease: null,
        undoAttempts: attempt,
        execution: newExecution(id, 'undo', attempt),
      },
    };
  });
  if (record.status === 'completed') await releaseSchemaLock(record);
}
