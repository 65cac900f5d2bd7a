import { child } from '../../sql/tree.ts';
import { commandsOf, relation } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const attachingPartition: Rule = {
  id: 'attaching-partition',
  severity: 'warning',
  title: 'ATTACH PARTITION of a table with rows',
  lock: 'ACCESS EXCLUSIVE',
  work: 'scan',
  why: 'The table is locked while every row is tested against the bounds; a default partition is locked and read as well.',
  advice:
    'First add a CHECK that says the same as the bounds, NOT VALID, and validate it: ATTACH then reads nothing. Build the indexes of the partition before.',
  check(statement, state) {
    return commandsOf(statement).flatMap(({ subtype, table, definition }) => {
      const partition = relation(child(child(definition, 'PartitionCmd'), 'name'));
      if (
        subtype !== 'AT_AttachPartition' ||
        partition === null ||
        isNew(state, table) ||
        isNew(state, partition)
      )
        return [];
      return [
        {
          table: partition,
          message: `"${shown(partition)}" is locked while its rows are tested against the bounds.`,
        },
      ];
    });
  },
};
