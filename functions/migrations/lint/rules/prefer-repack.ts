import { child, items } from '../../sql/tree.ts';
import { hasOption, relation } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { shown } from '../state.ts';

export const preferRepack: Rule = {
  id: 'prefer-repack',
  severity: 'error',
  title: 'VACUUM FULL or CLUSTER',
  lock: 'ACCESS EXCLUSIVE',
  work: 'rewrite',
  why: 'Nobody reads or writes the table until it has been written anew, and as much free disk again is needed.',
  advice: 'Use pg_repack or pg_squeeze; against bloat alone, let autovacuum work harder.',
  check({ kind, body }) {
    const full = kind === 'VacuumStmt' && hasOption(items(body, 'options'), 'full');
    if (!full && kind !== 'ClusterStmt') return [];
    const named = full
      ? items(body, 'rels').map((one) => relation(child(child(one, 'VacuumRelation'), 'relation')))
      : [relation(child(body, 'relation'))];
    const tables = named.filter((name) => name !== null);
    if (tables.length === 0)
      return [{ message: 'Every table of the database is written anew, one after the other.' }];
    return tables.map((table) => ({
      table,
      message: `"${shown(table)}" is locked until it has been written anew.`,
    }));
  },
};
