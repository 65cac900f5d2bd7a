import { child } from '../../sql/tree.ts';
import { addedConstraints, definedColumns, relation } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const addingForeignKeyConstraint: Rule = {
  id: 'adding-foreign-key-constraint',
  severity: 'error',
  title: 'A foreign key that is checked while both tables are locked',
  lock: 'SHARE ROW EXCLUSIVE',
  work: 'scan',
  why: 'Writes to both tables wait until every row has been looked up in the other table.',
  advice:
    'ADD CONSTRAINT … FOREIGN KEY … NOT VALID, commit, then VALIDATE CONSTRAINT in a transaction of its own: it lets writes through. Of a partitioned table before PostgreSQL 18: the same on each partition, then the constraint on the table, which takes over those and reads nothing.',
  check(statement, state) {
    const defaulted = definedColumns(statement)
      .filter(({ constraints }) => constraints.some(({ contype }) => contype === 'CONSTR_DEFAULT'))
      .map(({ column }) => column);
    return (
      addedConstraints(statement)
        .filter(({ type, table }) => type === 'CONSTR_FOREIGN' && !isNew(state, table))
        .filter(({ body }) => body.skip_validation !== true)
        // Every value of a column that is new and has no default is NULL: there is nothing to look up.
        .filter(({ column }) => column === null || defaulted.includes(column))
        .map(({ table, body }) => {
          const other = relation(child(body, 'pktable'));
          const both = other === null ? '' : ` and "${shown(other)}"`;
          return {
            table,
            at: body,
            message: `Writes to "${shown(table)}"${both} wait while every row is checked.`,
          };
        })
    );
  },
};
