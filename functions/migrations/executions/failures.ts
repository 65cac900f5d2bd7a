import { type Failure, type FailureCause, shownFailure } from '#platform/causes.ts';
import { clock } from '#platform/clock.ts';
import { type Change, changeMigration, isActive } from '../migration-store.ts';
import type { MigrationRecord } from '../records.ts';
import { MigrationFailure, type Phase } from '../schemas.ts';
import { keys, readPage, writeItem } from '../store.ts';
import { phasesAfter } from './history.ts';
import { releaseSchemaLock } from './schema-lock.ts';
import { executionNameOf, newExecution } from './workflow.ts';

/** How often the reconciler starts a rollback, undo or removal again before a person must look. */
export const mostAttempts = { migration: 1, rollback: 5, undo: 3, removal: 5 };
const removalRetryMs = 60 * 60_000;

/** A failure as it is stored and shown; `at` is an ISO time. */
export const failureOf = (
  failure: Failure,
  phase: Phase | null,
  at: string,
  retries?: number | null,
): MigrationFailure => ({
  ...shownFailure(failure),
  phase,
  at,
  ...(retries === undefined ? {} : { retries }),
});

export interface FoundFailure extends FailureCause {
  /** The state that failed, or who found the failure. */
  state: string;
  at: string;
  /** How often the state was tried again. */
  retries?: number | null;
}

/** Newest failures of a migration, at most `limit`. */
export async function readFailures(id: string, limit: number): Promise<MigrationFailure[]> {
  const page = await readPage(MigrationFailure, {
    pk: keys.migration(id).pk,
    prefix: 'FAILURE#',
    limit,
    newestFirst: true,
  });
  return page.items;
}

/**
 * Keeps a failure and decides what follows it, once per execution: the first failure is the cause, and what comes after
 * it (the Map whose range it was, the other ranges, an execution that was superseded) neither decides nor is kept.
 * Returns whether a rollback is to be started, and under which name.
 */
export async function recordFailure(
  id: string,
  executionArn: string,
  found: FoundFailure,
): Promise<{ rollback: boolean; executionName: string }> {
  const name = executionNameOf(executionArn);
  const record = await changeMigration(id, (current) => {
    if (current.execution?.name !== name) return undefined;
    return decideAfter(current, failureOf(found, current.phase, found.at, found.retries), found.state);
  });
  const { failure, execution } = record;
  // Whoever comes second writes the same once more: the first may have been cut off before it could.
  if (failure !== null) await writeItem(keys.failure(id, failure.at, failure.name), failure);
  if (locksNothing(record)) await releaseSchemaLock(record);
  const rollback = execution?.kind === 'rollback' && execution.name !== name;
  return { rollback, executionName: execution?.name ?? '' };
}

/** Over, or back to standing still: another migration may work on the schema. */
function locksNothing({ status, execution }: MigrationRecord): boolean {
  if (status === 'failed') return execution?.kind === 'removal';
  return status === 'rejected' || status === 'cancelled' || status === 'completed';
}

/** Why a migration is taken back: somebody asked, rows were wrong beyond repair, or something else failed. */
export function rollbackReason({ name }: Pick<MigrationFailure, 'name'>): 'asked' | 'corruption' | 'failure' {
  if (name === 'MigrationCancelled') return 'asked';
  return name === 'VerificationFailed' ? 'corruption' : 'failure';
}

/** What an execution's failure means for its migration. */
export function decideAfter(
  record: MigrationRecord,
  failure: MigrationFailure,
  state: string,
): Change | undefined {
  const { execution } = record;
  if (execution === null || !isActive(record.status)) return undefined;
  const ended = { failure, phases: phasesAfter(record.phases, null, record.epoch, failure.at) };
  const event = (type: string) => ({
    type,
    actor: 'theseus',
    data: { failure: failure.name, message: failure.message, state, phase: failure.phase ?? '' },
  });
  switch (execution.kind) {
    case 'migration': {
      if (record.lease !== null) {
        return {
          set: { ...ended, status: 'rolling_back', execution: newExecution(record.id, 'rollback', 1) },
          events: [
            event('migration.failed'),
            ...(rollbackReason(failure) === 'corruption' ? [event('rollback.emergency')] : []),
            { type: 'rollback.started', actor: 'theseus', data: { reason: rollbackReason(failure) } },
          ],
        };
      }
      // Before the lock nothing was changed in the target.
      const cancelled = failure.name === 'MigrationCancelled';
      return {
        set: { ...ended, status: cancelled ? 'cancelled' : 'rejected', phase: null },
        events: [event(cancelled ? 'migration.cancelled' : 'migration.rejected')],
      };
    }
    case 'rollback':
      return { set: ended, events: [event('rollback.failed')] };
    case 'undo': {
      if (record.undo?.restoring) return { set: ended, events: [event('undo.failed')] };
      return {
        set: {
          ...ended,
          status: 'completed',
          lease: null,
          phase: null,
          undo: null,
          wayBack: null,
          returning: null,
        },
        events: [event(failure.name === 'UndoDeclined' ? 'undo.declined' : 'undo.failed')],
      };
    }
    case 'removal': {
      const again = record.removal.attempts < mostAttempts.removal;
      const retryAt = again ? clock.now() + removalRetryMs * 2 ** record.removal.attempts : null;
      return {
        set: {
          ...ended,
          status: again ? 'completed' : 'failed',
          lease: null,
          phase: null,
          removal: { ...record.removal, retryAt },
        },
        events: [event('removal.failed')],
      };
    }
  }
}

/** The action a person has left when limited retries ended. */
export function givenUp(record: MigrationRecord): Change {
  const { execution } = record;
  const verb = execution?.kind === 'rollback' ? 'rollback' : 'undo';
  const failure: MigrationFailure = {
    name: record.failure?.name ?? 'ExecutionDied',
    message: `${verb === 'rollback' ? 'The rollback' : 'The undo'} failed ${execution?.attempt ?? 0} times: ${record.failure?.message ?? 'its execution died'}`,
    action: `Remove the cause named here, then run: theseus migration ${verb} ${record.id}`,
    phase: record.phase,
    at: clock.iso(),
    evidence: record.failure?.evidence ?? {},
  };
  return {
    set: { status: 'failed', failure, phases: phasesAfter(record.phases, null, record.epoch, failure.at) },
    events: [
      {
        type: 'migration.given_up',
        actor: 'theseus',
        data: { failure: failure.name, message: failure.message },
      },
    ],
  };
}
