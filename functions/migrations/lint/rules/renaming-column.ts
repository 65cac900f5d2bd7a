import { child } from '../../sql/tree.ts';
import { relation } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { columnKey, isNew, shown } from '../state.ts';

export const renamingColumn: Rule = {
  id: 'renaming-column',
  severity: 'error',
  title: 'A column gets another name',
  lock: 'ACCESS EXCLUSIVE',
  why: 'Clients that use the old name fail from this moment on, those that use the new one fail before it: no order of deployment fits both.',
  advice: 'Show both names for a while: a view of the table, or a second column kept in step.',
  check({ kind, body }, state) {
    const table = relation(child(body, 'relation'));
    if (kind !== 'RenameStmt' || body.renameType !== 'OBJECT_COLUMN' || table === null) return [];
    const column = typeof body.subname === 'string' ? body.subname : '';
    if (isNew(state, table) || state.added.has(columnKey(state, table, column))) return [];
    return [
      { table, message: `Clients that use "${column}" of "${shown(table)}" fail once it has another name.` },
    ];
  },
};
