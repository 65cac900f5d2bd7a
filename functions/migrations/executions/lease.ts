import { clock } from '#platform/clock.ts';
import { MigrationInProgress } from '../errors.ts';
import { leaseMs } from '../functions.ts';
import { type Change, changeMigration, readMigration } from '../migration-store.ts';
import type { Execution, MigrationRecord } from '../records.ts';
import { assertWanted, phasesAfter } from './history.ts';
import { takeSchemaLock } from './schema-lock.ts';
import { executionNameOf } from './workflow.ts';

export type LeaseResult =
  | { status: 'acquired'; record: MigrationRecord }
  | { status: 'superseded' | 'postponed' };

/**
 * Makes an execution the one that acts for a migration: owner of the lease, with an epoch above all before it.
 * Only the execution that the record names may; a removal, whose schedule names its own execution, claims a completed
 * migration. Taking it twice is taking it once. Throws MigrationInProgress, MigrationCancelled.
 */
export async function takeLease(
  id: string,
  kind: Execution['kind'],
  executionArn: string,
): Promise<LeaseResult> {
  if (kind === 'removal') {
    const claimed = await claimRemoval(id, executionArn);
    if (claimed !== undefined) return { status: claimed };
  }
  let acts = false;
  const record = await changeMigration(id, (current) => {
    acts = current.execution?.kind === kind && current.execution.name === executionNameOf(executionArn);
    if (!acts) return undefined;
    if (kind === 'migration') assertWanted(current);
    return leaseChange(current, executionArn);
  });
  if (!acts) return { status: 'superseded' };
  await takeSchemaLock(record);
  return { status: 'acquired', record };
}

function leaseChange(record: MigrationRecord, owner: string): Change | undefined {
  if (record.lease?.owner === owner) return undefined;
  const epoch = record.epoch + 1;
  return {
    set: {
      epoch,
      lease: { owner, epoch, expiresAt: clock.now() + leaseMs },
      execution: record.execution && { ...record.execution, arn: owner },
      // Whoever waited for a decision did so for an execution that is gone.
      ...(record.status === 'waiting_for_decision'
        ? { status: record.execution?.kind === 'rollback' ? 'rolling_back' : 'undoing' }
        : {}),
      phase: 'lock',
      phases: phasesAfter(record.phases, 'lock', epoch, clock.iso()),
    },
    events: [{ type: 'lease.taken', actor: 'theseus', data: { epoch } }],
  };
}

const busyRetryMs = 10 * 60_000;

/**
 * Removals come by schedule, perhaps twice, perhaps at a bad moment. Undefined when this execution may go on.
 * While another migration works on the schema it waits.
 */
async function claimRemoval(
  id: string,
  executionArn: string,
): Promise<'superseded' | 'postponed' | undefined> {
  const name = executionNameOf(executionArn);
  const record = await readMigration(id);
  if (record.execution?.kind === 'removal' && record.execution.name === name) return undefined;
  if (record.status !== 'completed') return 'superseded';
  try {
    await takeSchemaLock(record);
  } catch (error) {
    if (!(error instanceof MigrationInProgress)) throw error;
    await postpone(id, clock.now() + busyRetryMs);
    return 'postponed';
  }
  let claimed = false;
  await changeMigration(id, (current) => {
    claimed = current.execution?.kind === 'removal' && current.execution.name === name;
    if (claimed || current.status !== 'completed') return undefined;
    claimed = true;
    const attempt = current.removal.attempts + 1;
    return {
      set: {
        status: 'removing',
        execution: { kind: 'removal', name, arn: executionArn, attempt, startedAt: clock.now() },
        removal: { ...current.removal, attempts: attempt, retryAt: null },
      },
      events: [{ type: 'removal.started', actor: 'theseus', data: { attempt } }],
    };
  });
  return claimed ? undefined : 'superseded';
}

function postpone(id: string, retryAt: number): Promise<MigrationRecord> {
  return changeMigration(id, ({ status, removal }) =>
    status === 'completed' ? { set: { removal: { ...removal, retryAt } } } : undefined,
  );
}
