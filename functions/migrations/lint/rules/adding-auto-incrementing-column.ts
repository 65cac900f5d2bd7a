import { definedColumns } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const addingAutoIncrementingColumn: Rule = {
  id: 'adding-auto-incrementing-column',
  severity: 'error',
  title: 'A new serial or identity column',
  lock: 'ACCESS EXCLUSIVE',
  work: 'rewrite',
  why: 'Every row gets a number of its own: the table is written anew while nobody can read or write it.',
  advice:
    'Add a plain bigint, give it a default of nextval(…) for rows to come, and number the others in small batches.',
  check(statement, state) {
    return definedColumns(statement)
      .filter(({ added, table }) => added && !isNew(state, table))
      .filter(
        ({ type, constraints }) =>
          /^(small|big)?serial[248]?$/.test(type) ||
          constraints.some((one) => one.contype === 'CONSTR_IDENTITY'),
      )
      .map(({ table, column, node }) => ({
        table,
        at: node,
        message: `"${column}" numbers every row of "${shown(table)}" under a lock.`,
      }));
  },
};
