import { addedConstraints } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const addingPrimaryKeyConstraint: Rule = {
  id: 'adding-primary-key-constraint',
  aliases: ['adding-serial-primary-key-field'],
  severity: 'error',
  title: 'A primary key that builds its index under a lock',
  lock: 'ACCESS EXCLUSIVE',
  work: 'index',
  why: 'Nobody reads or writes the table while the index is built and every row is tested for NULL; a new column that is the key has the table written anew.',
  advice:
    'CREATE UNIQUE INDEX CONCURRENTLY on columns that are NOT NULL already, then ADD CONSTRAINT … PRIMARY KEY USING INDEX. Of a partitioned table: both on each partition, then ADD CONSTRAINT … PRIMARY KEY on the table, which takes over those.',
  check(statement, state) {
    return addedConstraints(statement)
      .filter(({ type, table }) => type === 'CONSTR_PRIMARY' && !isNew(state, table))
      .filter(({ body }) => body.indexname === undefined)
      .map(({ table, body }) => ({
        table,
        at: body,
        message: `"${shown(table)}" is locked while the index of its primary key is built.`,
      }));
  },
};
