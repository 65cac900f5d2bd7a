import { definedColumns } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

const filled = ['CONSTR_DEFAULT', 'CONSTR_GENERATED', 'CONSTR_IDENTITY'];

export const addingRequiredField: Rule = {
  id: 'adding-required-field',
  severity: 'error',
  title: 'A new NOT NULL column without a default',
  lock: 'ACCESS EXCLUSIVE',
  why: 'It fails as soon as the table has one row; on an empty one, clients that do not know the column cannot insert any more.',
  advice:
    'Add the column nullable, or with a constant default; fill it in small batches; then make it NOT NULL.',
  check(statement, state) {
    return definedColumns(statement)
      .filter(({ added, table, type }) => added && !isNew(state, table) && !/serial/.test(type))
      .filter(({ constraints }) => constraints.some(({ contype }) => contype === 'CONSTR_NOTNULL'))
      .filter(({ constraints }) => !constraints.some(({ contype }) => filled.includes(String(contype))))
      .map(({ table, column, node }) => ({
        table,
        at: node,
        message: `"${column}" is NOT NULL and nothing gives the rows of "${shown(table)}" a value.`,
      }));
  },
};
