import { child } from '../../sql/tree.ts';
import { relation } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const unboundedDataChange: Rule = {
  id: 'unbounded-data-change',
  severity: 'warning',
  title: 'UPDATE or DELETE of every row in one statement',
  lock: 'ROW EXCLUSIVE',
  work: 'rows',
  why: 'Every row stays locked until the end, replicas fall behind, vacuum cannot clean up, and a failure at 99 % loses all of it.',
  advice:
    'Change the rows in batches of some hundreds by ranges of the key, each in a transaction of its own.',
  check({ kind, body }, state) {
    const table = relation(child(body, 'relation'));
    if ((kind !== 'UpdateStmt' && kind !== 'DeleteStmt') || table === null) return [];
    if (body.whereClause !== undefined || isNew(state, table)) return [];
    return [
      {
        table,
        message: `Every row of "${shown(table)}" is ${kind === 'UpdateStmt' ? 'written' : 'deleted'} in one transaction.`,
      },
    ];
  },
};
