import { Conflict, InvalidInput } from '#platform/errors.ts';
import type { Change } from '../migration-store.ts';
import { type MigrationRecord, openConstraints } from '../records.ts';
import { undecidedRows } from './consent.ts';

// What a person may say when an undo or a rollback meets rows that cannot return.

/** What runs goes on once somebody decided. */
export const statusOnWayBack = ({ execution }: MigrationRecord) =>
  execution?.kind === 'rollback' ? ('rolling_back' as const) : ('undoing' as const);

const counted = ({ constraint, table, rows }: ReturnType<typeof openConstraints>[number]) =>
  `${constraint} of ${table} (${rows} ${rows === 1 ? 'row' : 'rows'})`;

/** A unique index has every row in it or does not stand. Throws Conflict. */
export function assertCanBeNotValid(record: MigrationRecord): void {
  if (record.status !== 'waiting_for_decision') return;
  const unique = openConstraints(record).filter(({ kind }) => kind === 'unique');
  if (unique.length === 0) return;
  throw new Conflict(
    `UNIQUE cannot come back NOT VALID, and rows refuse it: ${unique.map(counted).join(', ')}`,
    {
      evidence: { constraints: unique.map(({ constraint, table, rows }) => ({ constraint, table, rows })) },
      action: `Correct the rows, then run: theseus migration retry ${record.id}`,
    },
  );
}

/** What a verdict on what cannot return means. Throws InvalidInput when it says nothing of the constraints refused. */
export function verdictOnWayBack(
  current: MigrationRecord,
  event: { actor: string; data: Record<string, string> },
  verdict: 'approve' | 'reject',
  constraints: 'not_valid' | undefined,
): Change {
  const { undo, returning, wayBack } = current;
  const open = openConstraints(current);
  const decision = verdict === 'approve' ? ('accepted' as const) : ('declined' as const);
  const overwrites = undecidedRows(current) > 0;
  const ofUndo = undo === null ? {} : { undo: { ...undo, decision } };
  const ofRows = wayBack === null || !overwrites ? {} : { wayBack: { ...wayBack, overwriting: decision } };
  if (undo === null && overwrites && verdict === 'reject') {
    // A rollback goes on without them; what refuses constraints is still to be decided on.
    const status = open.length > 0 ? current.status : statusOnWayBack(current);
    return { set: { ...ofRows, status }, events: [{ type: 'rollback.overwriting_declined', ...event }] };
  }
  const set = { ...ofUndo, ...ofRows, status: statusOnWayBack(current) };
  if (undo === null && open.length === 0) {
    return { set, events: [{ type: 'rollback.overwriting_accepted', ...event }] };
  }
  if (open.length === 0 || returning === null || verdict === 'reject') {
    return { set, events: [{ type: `undo.losses_${decision}`, ...event }] };
  }
  if (constraints === undefined) {
    throw new InvalidInput(`Rows refuse constraints of the old version: ${open.map(counted).join(', ')}`, {
      problems: [
        { pointer: '/body/constraints', detail: 'Required: not_valid, or correct the rows and retry' },
      ],
      action: `Give them back for new rows only: theseus migration approve ${current.id} --constraints not_valid. Or correct the rows, then run: theseus migration retry ${current.id}`,
    });
  }
  const refused = returning.refused.map((one) => ({ ...one, notValid: true }));
  const names = open.map(({ constraint }) => constraint);
  return {
    set: { ...set, returning: { refused, decision: 'not_valid' } },
    events: [
      {
        type: `${undo === null ? 'rollback' : 'undo'}.constraints_accepted`,
        ...event,
        data: { ...event.data, constraints: names },
      },
    ],
  };
}
