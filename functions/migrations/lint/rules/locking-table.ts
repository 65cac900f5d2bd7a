import { blocksWrites } from '../lock-modes.ts';
import { locksOf } from '../locks.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const lockingTable: Rule = {
  id: 'locking-table',
  severity: 'warning',
  title: 'LOCK TABLE against writes',
  lock: 'ACCESS EXCLUSIVE',
  why: 'It is kept until the end of the transaction, whatever comes in between.',
  advice: 'Set lock_timeout first and keep the transaction short.',
  check(statement, state) {
    if (statement.kind !== 'LockStmt') return [];
    return locksOf(statement, state)
      .filter(({ mode, table }) => blocksWrites(mode) && !isNew(state, table))
      .map(({ mode, table }) => ({
        table,
        lock: mode,
        message: `"${shown(table)}" is locked until the transaction ends.`,
      }));
  },
};
