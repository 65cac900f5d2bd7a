import { commandsOf } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { columnKey, isNew, shown } from '../state.ts';

export const banDropColumn: Rule = {
  id: 'ban-drop-column',
  severity: 'error',
  title: 'A column is dropped',
  lock: 'ACCESS EXCLUSIVE',
  why: 'Clients that still read or write it fail at once, prepared statements and SELECT * included, and its values are gone.',
  advice:
    'First deploy clients that do not use it, relax its NOT NULL, keep a copy of the values, and drop it later.',
  check(statement, state) {
    return commandsOf(statement).flatMap(({ subtype, table, name }) => {
      if (subtype !== 'AT_DropColumn' || name === null || isNew(state, table)) return [];
      if (state.added.has(columnKey(state, table, name))) return [];
      return [
        {
          table,
          message: `Clients that use "${name}" of "${shown(table)}" fail at once, and its values are gone.`,
        },
      ];
    });
  },
};
