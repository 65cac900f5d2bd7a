import { child } from '../../sql/tree.ts';
import { relation } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, shown } from '../state.ts';

export const renamingTable: Rule = {
  id: 'renaming-table',
  severity: 'error',
  title: 'A table or view gets another name',
  lock: 'ACCESS EXCLUSIVE',
  why: 'Clients that use the old name fail from this moment on, those that use the new one fail before it.',
  advice: 'Show both names for a while: in the same transaction, create a view under the old name.',
  check({ kind, body }, state) {
    const table = relation(child(body, 'relation'));
    const named = ['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW'].includes(String(body.renameType));
    if (kind !== 'RenameStmt' || !named || table === null || isNew(state, table)) return [];
    return [{ table, message: `Clients that use "${shown(table)}" fail once it has another name.` }];
  },
};
