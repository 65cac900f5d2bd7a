import { child } from '../../sql/tree.ts';
import { commandsOf } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const requireConcurrentPartitionDetach: Rule = {
  id: 'require-concurrent-partition-detach',
  severity: 'error',
  title: 'DETACH PARTITION without CONCURRENTLY',
  lock: 'ACCESS EXCLUSIVE',
  why: 'The whole partitioned table is locked: queries on all other partitions wait as well.',
  advice:
    'DETACH PARTITION … CONCURRENTLY (PostgreSQL 14), outside a transaction. It is refused while a default partition exists.',
  check(statement, state) {
    return commandsOf(statement)
      .filter(({ subtype, table }) => subtype === 'AT_DetachPartition' && !isNew(state, table))
      .filter(({ definition }) => child(definition, 'PartitionCmd')?.concurrent !== true)
      .map(({ table }) => ({ table, message: `Every query on "${shown(table)}" waits for the detachment.` }));
  },
};
