import { commandsOf } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, isProvenNotNull, shown } from '../state.ts';

export const addingNotNullableField: Rule = {
  id: 'adding-not-nullable-field',
  severity: 'error',
  title: 'SET NOT NULL that reads the whole table under a lock',
  lock: 'ACCESS EXCLUSIVE',
  work: 'scan',
  why: 'Nobody reads or writes the table until every row has been read, and clients that still write NULL fail from then on.',
  advice:
    'ADD CONSTRAINT … CHECK (c IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT in another transaction; SET NOT NULL, which then reads nothing (PostgreSQL 12); DROP CONSTRAINT. From PostgreSQL 18: ADD CONSTRAINT … NOT NULL c NOT VALID, then VALIDATE.',
  check(statement, state) {
    return commandsOf(statement).flatMap(({ subtype, table, name }) => {
      if (subtype !== 'AT_SetNotNull' || name === null || isNew(state, table)) return [];
      if (state.version >= 12 && isProvenNotNull(state, table, name)) return [];
      return [
        { table, message: `"${shown(table)}" is locked while every row is read for NULL in "${name}".` },
      ];
    });
  },
};
