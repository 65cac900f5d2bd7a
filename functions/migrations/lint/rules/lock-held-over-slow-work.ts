import { child } from '../../sql/tree.ts';
import { commandsOf } from '../alterations.ts';
import { blocksWrites } from '../lock-modes.ts';
import { locksOf } from '../locks.ts';
import type { Rule } from '../rule.ts';
import { isNew, isProvenNotNull, keyOf, type State } from '../state.ts';
import type { Statement } from '../statements.ts';

/** What takes long, in words; null for statements that are over at once. */
function slowWork(statement: Statement, state: State): string | null {
  const { kind, body } = statement;
  // A few rows written out in the file.
  if (kind === 'InsertStmt' && child(child(body, 'selectStmt'), 'SelectStmt')?.valuesLists !== undefined)
    return null;
  const proven = commandsOf(statement).every(
    ({ subtype, table, name }) =>
      subtype === 'AT_SetNotNull' &&
      name !== null &&
      state.version >= 12 &&
      isProvenNotNull(state, table, name),
  );
  if (kind === 'AlterTableStmt' && proven) return null;
  const slow = locksOf(statement, state).find(
    ({ work, table }) => work !== 'catalogue' && !isNew(state, table),
  );
  if (slow === undefined) return null;
  return {
    scan: 'reads a whole table',
    index: 'builds an index',
    rewrite: 'writes a table anew',
    rows: 'writes rows',
    catalogue: '',
  }[slow.work];
}

export const lockHeldOverSlowWork: Rule = {
  id: 'lock-held-over-slow-work',
  severity: 'error',
  title: 'A transaction keeps a blocking lock while something slow runs',
  lock: 'ACCESS EXCLUSIVE',
  why: 'Locks are kept until the end of the transaction: a statement that is over in a millisecond blocks the table for as long as the slow one behind it takes.',
  advice:
    'Commit in between: statements that lock in one transaction, slow ones in others. Fill rows in small batches of their own.',
  check(statement, state) {
    const held = state.transaction?.held.find(({ mode }) => blocksWrites(mode));
    if (held === undefined || state.transaction === null) return [];
    const slow = slowWork(statement, state);
    if (slow === null) return [];
    const name = held.table.split('\0').at(-1) ?? held.table;
    const other = locksOf(statement, state).some(({ table }) => keyOf(state, table) !== held.table);
    const during = other ? `"${name}", another table,` : `"${name}"`;
    return [
      {
        lock: held.mode,
        message: `The statement ${slow} while the transaction holds ${held.mode} on ${during} since statement ${held.statement + 1}.`,
      },
    ];
  },
};
