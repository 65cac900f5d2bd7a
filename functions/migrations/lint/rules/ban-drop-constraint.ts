import { commandsOf } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { columnKey, isNew, shown } from '../state.ts';

export const banDropConstraint: Rule = {
  id: 'ban-drop-constraint',
  severity: 'warning',
  title: 'A constraint is dropped',
  lock: 'ACCESS EXCLUSIVE',
  why: 'Rows that break it can be written from now on; adding it again later has to read the whole table, and fails when one of them stands.',
  advice: 'Make sure that no client relies on it; for a foreign key, that no ORM relation expects it.',
  check(statement, state) {
    return commandsOf(statement).flatMap(({ subtype, table, name }) => {
      if (subtype !== 'AT_DropConstraint' || name === null || isNew(state, table)) return [];
      // The CHECK that only helped SET NOT NULL.
      if (state.notValid.has(columnKey(state, table, name))) return [];
      return [{ table, message: `"${shown(table)}" is not held to "${name}" any more.` }];
    });
  },
};
