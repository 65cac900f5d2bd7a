import { droppedNames } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const banDropTable: Rule = {
  id: 'ban-drop-table',
  severity: 'error',
  title: 'A table is dropped',
  lock: 'ACCESS EXCLUSIVE',
  why: 'Clients that still use it fail at once, its rows are gone, and tables that it points to or that point to it are locked as well.',
  advice:
    'First deploy clients that do not use it; rename it away and keep its rows for a while; drop it later.',
  check(statement, state) {
    return droppedNames(statement, 'OBJECT_TABLE')
      .filter((table) => !isNew(state, table))
      .map((table) => ({
        table,
        message: `Clients that use "${shown(table)}" fail at once, and its rows are gone.`,
      }));
  },
};
