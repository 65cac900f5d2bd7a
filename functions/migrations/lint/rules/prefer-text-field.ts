import { child, items } from '../../sql/tree.ts';
import { definedColumns } from '../alterations.ts';
import type { Rule } from '../rule.ts';

export const preferTextField: Rule = {
  id: 'prefer-text-field',
  severity: 'info',
  title: 'A column of type varchar(n)',
  lock: null,
  why: 'A smaller n later has the whole table read under a lock; a CHECK can be exchanged without.',
  advice: 'Use text, with a CHECK on its length where one is needed.',
  check: (statement) =>
    definedColumns(statement)
      .filter(({ type, node }) => type === 'varchar' && items(child(node, 'typeName'), 'typmods').length > 0)
      .map(({ column, node }) => ({ at: node, message: `The limit of "${column}" is part of its type.` })),
};
