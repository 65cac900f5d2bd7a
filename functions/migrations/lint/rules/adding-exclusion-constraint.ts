import { addedConstraints } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const addingExclusionConstraint: Rule = {
  id: 'adding-exclusion-constraint',
  severity: 'error',
  title: 'An exclusion constraint on a table that stands',
  lock: 'ACCESS EXCLUSIVE',
  work: 'index',
  why: 'PostgreSQL has neither NOT VALID nor USING INDEX for it: nobody reads or writes the table until its index is built.',
  advice: 'Create a table with the constraint and move the rows over, or accept a maintenance window.',
  check(statement, state) {
    return addedConstraints(statement)
      .filter(({ type, table }) => type === 'CONSTR_EXCLUSION' && !isNew(state, table))
      .map(({ table, body }) => ({
        table,
        at: body,
        message: `"${shown(table)}" is locked while the exclusion constraint is built.`,
      }));
  },
};
