import { child } from '../../sql/tree.ts';
import { relation } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const requireConcurrentMatviewRefresh: Rule = {
  id: 'require-concurrent-matview-refresh',
  severity: 'error',
  title: 'REFRESH MATERIALIZED VIEW without CONCURRENTLY',
  lock: 'ACCESS EXCLUSIVE',
  work: 'rewrite',
  why: 'The view cannot even be read until its query has run to the end.',
  advice: 'REFRESH MATERIALIZED VIEW CONCURRENTLY; it needs a unique index over plain columns of the view.',
  check({ kind, body }, state) {
    const table = relation(child(body, 'relation'));
    if (kind !== 'RefreshMatViewStmt' || body.concurrent === true || table === null || isNew(state, table))
      return [];
    return [{ table, message: `Reads of "${shown(table)}" wait until it is filled again.` }];
  },
};
