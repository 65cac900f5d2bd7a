import { commandsOf } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

const clauses: Record<string, string> = {
  AT_SetTableSpace: 'SET TABLESPACE',
  AT_SetLogged: 'SET LOGGED',
  AT_SetUnLogged: 'SET UNLOGGED',
  AT_SetAccessMethod: 'SET ACCESS METHOD',
};

export const rewritingTable: Rule = {
  id: 'rewriting-table',
  severity: 'error',
  title: 'A clause that has the whole table copied',
  lock: 'ACCESS EXCLUSIVE',
  work: 'rewrite',
  why: 'Nobody reads or writes the table until the copy is complete.',
  advice: 'Create a table with these properties and move the rows over, or use pg_repack.',
  check(statement, state) {
    return commandsOf(statement).flatMap(({ subtype, table }) => {
      const words = clauses[subtype];
      if (words === undefined || isNew(state, table)) return [];
      return [{ table, message: `${words} copies "${shown(table)}" while it is locked.` }];
    });
  },
};
