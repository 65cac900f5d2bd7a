import { child } from '../../sql/tree.ts';
import { relation } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const requireConcurrentIndexCreation: Rule = {
  id: 'require-concurrent-index-creation',
  severity: 'error',
  title: 'CREATE INDEX without CONCURRENTLY',
  lock: 'SHARE',
  work: 'index',
  why: 'No row of the table can be inserted, updated or deleted until the whole index is built.',
  advice:
    'CREATE INDEX CONCURRENTLY, outside a transaction, with lock_timeout 0; when it fails, drop the INVALID index it leaves before trying again. Of a partitioned table: on each partition, then CREATE INDEX on the table, which takes over those.',
  check({ kind, body }, state) {
    const table = relation(child(body, 'relation'));
    if (kind !== 'IndexStmt' || body.concurrent === true || table === null || isNew(state, table)) return [];
    const name = typeof body.idxname === 'string' ? `"${body.idxname}"` : 'the index';
    return [{ table, message: `Writes to "${shown(table)}" wait while ${name} is built.` }];
  },
};
