import { commandsOf } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const banDropNotNull: Rule = {
  id: 'ban-drop-not-null',
  severity: 'warning',
  title: 'A column may be NULL from now on',
  lock: 'ACCESS EXCLUSIVE',
  why: 'Clients that were written for a value that is always there meet NULL.',
  advice: 'Deploy clients that cope with NULL first.',
  check(statement, state) {
    return commandsOf(statement).flatMap(({ subtype, table, name }) =>
      subtype !== 'AT_DropNotNull' || name === null || isNew(state, table)
        ? []
        : [{ table, message: `Clients may meet NULL in "${name}" of "${shown(table)}".` }],
    );
  },
};
