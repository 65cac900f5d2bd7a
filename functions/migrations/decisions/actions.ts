import { Conflict } from '#platform/errors.ts';
import { type MigrationRecord, openConstraints } from '../records.ts';
import type { NextAction, Phase } from '../schemas.ts';
import { undecidedRows } from '../undo/consent.ts';

/** What a person may ask of a migration. */
export type Action =
  | 'start'
  | 'approve'
  | 'reject'
  | 'pause'
  | 'resume'
  | 'complete'
  | 'rollback'
  | 'undo'
  | 'retry';

/** From publish on both versions are in use: to stop between would help nobody. */
const tooLateToPause = new Set<Phase>(['publish', 'soak', 'verify_published', 'contract', 'complete']);

const why: Record<Action, string> = {
  start: 'Run the plan',
  approve: 'Let it go on',
  reject: 'Stop it here; nothing is lost',
  pause: 'Stop filling rows after the current chunk',
  resume: 'Go on where it was paused',
  complete: 'End the soak now',
  rollback: 'Take back what was done; schema and data as before',
  undo: 'Take the completed migration back',
  retry: 'The rows were corrected: count them again',
};

/** What can be done next, by where the migration stands. */
export function possibleActions(record: MigrationRecord): Action[] {
  const { status, phase, cancel, execution, removal } = record;
  switch (status) {
    case 'planned':
      return ['start', 'rollback'];
    case 'scheduled':
      return cancel === null ? ['resume', 'rollback'] : [];
    case 'waiting_for_approval':
      return cancel === null ? ['approve', 'reject', 'rollback'] : [];
    case 'running': {
      if (cancel !== null || execution?.kind !== 'migration') return [];
      const whole = record.blueGreen !== null || (phase !== null && tooLateToPause.has(phase));
      return whole ? ['rollback'] : ['pause', 'rollback'];
    }
    case 'paused':
      return cancel === null ? ['resume', 'rollback'] : [];
    case 'soaking':
      if (cancel !== null || record.complete !== null) return [];
      return record.blueGreen === null ? ['complete', 'rollback'] : ['complete', 'undo', 'rollback'];
    case 'completed':
      return removal.begun || record.plan?.undo === 'none' || record.blueGreen !== null ? [] : ['undo'];
    case 'waiting_for_decision':
      return decisionsOn(record);
    case 'failed':
      if (execution?.kind === 'rollback') return ['rollback'];
      if (execution?.kind === 'undo') return ['undo'];
      return execution?.kind === 'removal' ? ['complete'] : [];
    default:
      return [];
  }
}

/** A rollback, and an undo that began to give constraints back, can only be finished. */
function decisionsOn(record: MigrationRecord): Action[] {
  const { undo } = record;
  const open = openConstraints(record);
  const declinable = undo === null ? undecidedRows(record) > 0 : undo.decision === 'none' && !undo.restoring;
  const acceptable = !open.some(({ kind }) => kind === 'unique');
  return [
    ...(acceptable ? (['approve'] as const) : []),
    ...(open.length > 0 ? (['retry'] as const) : []),
    ...(declinable ? (['reject'] as const) : []),
  ];
}

/** The same as calls and commands. */
export function nextActions(record: MigrationRecord): NextAction[] {
  const redrive =
    record.openErrors > 0 && (record.status === 'paused' || record.status === 'completed')
      ? [
          {
            method: 'POST',
            path: `/migrations/${record.id}/redrive`,
            command: `theseus migration redrive ${record.id}`,
            why: 'Load refused records again, after the cause was removed',
          },
        ]
      : [];
  const actions = possibleActions(record).map((action) => ({
    method: 'POST',
    path: `/migrations/${record.id}/${action}`,
    command: `theseus migration ${action} ${record.id}`,
    why: beforeAnything(record)[action] ?? why[action],
    ...(record.status === 'waiting_for_decision' ? onWayBack(record, action) : {}),
  }));
  return [...redrive, ...actions];
}

/** What it comes to as long as nothing was done. */
function beforeAnything({
  status,
  blueGreen,
  databaseName,
}: MigrationRecord): Partial<Record<Action, string>> {
  if (status === 'soaking' && blueGreen !== null) {
    const back = `Take clients back to ${databaseName}, which has all they wrote`;
    return { complete: 'End replication; clients stay where they are', undo: back, rollback: back };
  }
  if (status === 'planned') return { rollback: 'Give the plan up; nothing was changed' };
  if (status === 'scheduled') return { resume: 'Start now', rollback: 'Do not start; nothing was changed' };
  return {};
}

function onWayBack(record: MigrationRecord, action: Action): Partial<NextAction> {
  if (action === 'reject') {
    const why =
      record.undo === null
        ? 'Leave rows as they are: only the schema goes back, as by revert'
        : 'Leave the migration completed; nothing was changed';
    return { why };
  }
  if (action === 'approve' && undecidedRows(record) > 0 && openConstraints(record).length === 0) {
    return { why: 'Give the rows the values of the backup; what they hold now is backed up' };
  }
  if (action !== 'approve' || openConstraints(record).length === 0) return {};
  return {
    command: `theseus migration approve ${record.id} --constraints not_valid`,
    why: 'Give the constraints back for new rows only; those counted stay as they are',
  };
}

/** Throws Conflict naming the status and what is possible instead. */
export function assertPossible(record: MigrationRecord, action: Action): void {
  const possible = possibleActions(record);
  if (possible.includes(action)) return;
  const asked = record.cancel === null ? '' : ', a rollback was asked for';
  throw new Conflict(
    `Migration ${record.id} is ${record.status}${record.phase === null ? '' : ` (${record.phase})`}${asked}: ${action} is not possible now`,
    {
      evidence: { status: record.status, phase: record.phase, possible },
      action:
        possible.length === 0
          ? `Look at it with: theseus migration show ${record.id}`
          : `Possible now: ${possible.map((name) => `theseus migration ${name} ${record.id}`).join('; ')}`,
    },
  );
}
