import { droppedNames } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { keyOf, shown } from '../state.ts';

export const requireConcurrentIndexDeletion: Rule = {
  id: 'require-concurrent-index-deletion',
  severity: 'error',
  title: 'DROP INDEX without CONCURRENTLY',
  lock: 'ACCESS EXCLUSIVE',
  why: 'It locks the table too: while it waits for one long query, every later query on the table waits behind it.',
  advice: 'DROP INDEX CONCURRENTLY, outside a transaction, one index a statement.',
  check(statement, state) {
    if (statement.body.concurrent === true) return [];
    return droppedNames(statement, 'OBJECT_INDEX')
      .filter((index) => !state.created.has(state.indexes.get(keyOf(state, index)) ?? ''))
      .map((index) => ({
        message: `Dropping index "${shown(index)}" locks its table against reads and writes.`,
      }));
  },
};
