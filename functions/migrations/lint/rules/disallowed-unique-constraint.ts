import { addedConstraints } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const disallowedUniqueConstraint: Rule = {
  id: 'disallowed-unique-constraint',
  severity: 'error',
  title: 'A UNIQUE constraint that builds its index under a lock',
  lock: 'ACCESS EXCLUSIVE',
  work: 'index',
  why: 'Nobody reads or writes the table until the index is built; one pair of equal values makes it fail at the end.',
  advice:
    'CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT … UNIQUE USING INDEX. Of a partitioned table: both on each partition, then ADD CONSTRAINT … UNIQUE on the table, which takes over those.',
  check(statement, state) {
    return addedConstraints(statement)
      .filter(({ type, table }) => type === 'CONSTR_UNIQUE' && !isNew(state, table))
      .filter(({ body }) => body.indexname === undefined)
      .map(({ table, body }) => ({
        table,
        at: body,
        message: `"${shown(table)}" is locked while the index behind UNIQUE is built.`,
      }));
  },
};
