import { definedColumns } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const addingStoredGeneratedColumn: Rule = {
  id: 'adding-stored-generated-column',
  severity: 'error',
  title: 'A stored generated column on a table that stands',
  lock: 'ACCESS EXCLUSIVE',
  work: 'rewrite',
  why: 'Its values are computed and written into every row while nobody can read or write the table.',
  advice:
    'Add a plain column, keep it by a trigger and fill it in small batches; or, from PostgreSQL 18, a VIRTUAL generated column.',
  check(statement, state) {
    return definedColumns(statement)
      .filter(({ added, table }) => added && !isNew(state, table))
      .filter(({ constraints }) =>
        constraints.some((one) => one.contype === 'CONSTR_GENERATED' && one.generated_kind !== 'v'),
      )
      .map(({ table, column, node }) => ({
        table,
        at: node,
        message: `"${column}" has every row of "${shown(table)}" written anew.`,
      }));
  },
};
