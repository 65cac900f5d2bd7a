import { child, items } from '../../sql/tree.ts';
import { relation } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { shown } from '../state.ts';

/** strong_migrations warns from here on. */
const manyColumns = 4;

export const wideIndex: Rule = {
  id: 'wide-index',
  severity: 'info',
  title: 'An index over many columns that is not unique',
  lock: null,
  why: 'The later columns rarely help to find rows, and every write pays for them.',
  advice: 'Order the columns by what queries ask for, and keep those that narrow the search.',
  check({ kind, body }) {
    const table = relation(child(body, 'relation'));
    const columns = items(body, 'indexParams').length;
    if (kind !== 'IndexStmt' || table === null || body.unique === true || columns < manyColumns) return [];
    return [{ message: `The index on "${shown(table)}" has ${columns} columns.` }];
  },
};
