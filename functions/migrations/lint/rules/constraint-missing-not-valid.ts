import { addedConstraints } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const constraintMissingNotValid: Rule = {
  id: 'constraint-missing-not-valid',
  severity: 'error',
  title: 'A CHECK that is tested while the table is locked',
  lock: 'ACCESS EXCLUSIVE',
  work: 'scan',
  why: 'Nobody reads or writes the table until every row has been tested.',
  advice:
    'ADD CONSTRAINT … CHECK (…) NOT VALID, commit, then VALIDATE CONSTRAINT in a transaction of its own: it lets reads and writes through.',
  check(statement, state) {
    return addedConstraints(statement)
      .filter(({ type, column }) => column === null && ['CONSTR_CHECK', 'CONSTR_NOTNULL'].includes(type))
      .filter(({ table, body }) => body.skip_validation !== true && !isNew(state, table))
      .map(({ table, name, body }) => ({
        table,
        at: body,
        message: `"${shown(table)}" is locked while ${name === null ? 'the constraint' : `"${name}"`} is tested on every row.`,
      }));
  },
};
