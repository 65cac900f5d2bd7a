import { child, items } from '../../sql/tree.ts';
import { hasOption, relation } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { shown } from '../state.ts';

export const requireConcurrentReindex: Rule = {
  id: 'require-concurrent-reindex',
  severity: 'error',
  title: 'REINDEX without CONCURRENTLY',
  lock: 'SHARE',
  work: 'index',
  why: 'Writes wait until the index is built anew, and reads that would use it wait as well: the index itself is locked exclusively.',
  advice: 'REINDEX … CONCURRENTLY (PostgreSQL 12), outside a transaction.',
  check({ kind, body }) {
    if (kind !== 'ReindexStmt' || hasOption(items(body, 'params'), 'concurrently')) return [];
    const name = relation(child(body, 'relation'));
    const what = name === null ? 'all indexes of the schema or database' : `"${shown(name)}"`;
    const table = name !== null && body.kind === 'REINDEX_OBJECT_TABLE' ? { table: name } : {};
    return [{ ...table, message: `Writes wait while ${what} is built anew.` }];
  },
};
