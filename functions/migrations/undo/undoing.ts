import { Conflict } from '#platform/errors.ts';
import { assertPossible } from '../decisions/actions.ts';
import type { Change } from '../migration-store.ts';
import type { Execution, MigrationRecord } from '../records.ts';
import type { WayBack } from '../schemas.ts';

/** Throws Conflict when the migration is not completed, or an operation of it has no way back. */
export function assertUndoable(record: MigrationRecord): void {
  if (record.status === 'completed' && record.plan?.undo === 'none') {
    throw new Conflict(`Migration ${record.id} cannot be undone: an operation of it has no way back`, {
      evidence: { operations: record.plan.operations.filter(({ undo: kind }) => kind === 'none') },
      action: 'Write a new migration that restores what you need.',
    });
  }
  assertPossible(record, 'undo');
}

/** What the record says once an undo was asked for. */
export function undoBegun(
  record: MigrationRecord,
  execution: Execution,
  asked: { by: string; acceptLosses: boolean; comment?: string | undefined; wayBack: WayBack | null },
): Change {
  const { by, acceptLosses, comment, wayBack } = asked;
  return {
    set: {
      status: 'undoing',
      execution,
      undoAttempts: record.undoAttempts + 1,
      undo: {
        by,
        acceptLosses,
        decision: 'none',
        restoring: record.undo?.restoring ?? false,
        losses: null,
      },
      wayBack,
      // What an undo that was cut off gave back NOT VALID stays decided.
      returning: record.undo?.restoring ? record.returning : null,
    },
    events: [
      {
        type: 'undo.started',
        actor: by,
        data: {
          ...(comment === undefined ? {} : { comment }),
          acceptLosses,
          strategy: wayBack?.strategy ?? 'revert',
        },
      },
    ],
  };
}
