import { child, items } from '../../sql/tree.ts';
import { relation } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const banTruncateCascade: Rule = {
  id: 'ban-truncate-cascade',
  severity: 'error',
  title: 'TRUNCATE of a live table',
  lock: 'ACCESS EXCLUSIVE',
  why: 'All rows are gone, no trigger or row security is asked; with CASCADE the rows of every table that points here are gone as well.',
  advice: 'DELETE in small batches of what is to go; or drop the table when nobody uses it.',
  check({ kind, body }, state) {
    if (kind !== 'TruncateStmt') return [];
    const cascade = body.behavior === 'DROP_CASCADE' ? ', and of every table that points to it,' : '';
    return items(body, 'relations')
      .flatMap((node) => relation(child(node, 'RangeVar')) ?? [])
      .filter((table) => !isNew(state, table))
      .map((table) => ({ table, message: `All rows of "${shown(table)}"${cascade} are gone.` }));
  },
};
