import { blocksWrites } from '../lock-modes.ts';
import { locksOf } from '../locks.ts';
import type { Rule } from '../rule.ts';
import { isNew, keyOf, shown } from '../state.ts';

export const lockingSeveralTables: Rule = {
  id: 'locking-several-tables',
  severity: 'warning',
  title: 'One transaction locks several tables, one after the other',
  lock: 'ACCESS EXCLUSIVE',
  why: 'A client that uses the same tables in another order waits for the migration while the migration waits for it: a deadlock, and one of them is aborted. Until then both tables are blocked.',
  advice: 'One table a transaction; or LOCK TABLE a, b IN ACCESS EXCLUSIVE MODE first, under lock_timeout.',
  check(statement, state) {
    const { transaction } = state;
    if (transaction === null || state.warned.has(`several ${transaction.id}`)) return [];
    const first = transaction.held.find(({ mode }) => blocksWrites(mode));
    if (first === undefined) return [];
    const next = locksOf(statement, state).find(
      ({ table, mode }) => blocksWrites(mode) && !isNew(state, table) && keyOf(state, table) !== first.table,
    );
    if (next === undefined) return [];
    state.warned.add(`several ${transaction.id}`);
    const held = first.table.split('\0').at(-1) ?? '';
    return [
      {
        table: next.table,
        lock: next.mode,
        message: `"${shown(next.table)}" is locked while "${held}" is still locked.`,
      },
    ];
  },
};
