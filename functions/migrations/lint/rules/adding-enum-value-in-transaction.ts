import { child, walk } from '../../sql/tree.ts';
import type { Rule } from '../rule.ts';

export const addingEnumValueInTransaction: Rule = {
  id: 'adding-enum-value-in-transaction',
  severity: 'error',
  title: 'An enum value is added and used in one transaction',
  lock: null,
  why: 'A new value may not be used before it is committed (PostgreSQL says: unsafe use of new value); before PostgreSQL 12 it may not even be added in a transaction.',
  advice: 'Add the value in a migration of its own, before the one that uses it.',
  check({ kind, body, index }, state) {
    const { transaction } = state;
    if (transaction === null) return [];
    if (kind === 'AlterEnumStmt' && body.oldVal === undefined) {
      const value = String(body.newVal);
      if (state.version < 12)
        return [{ message: `'${value}' cannot be added inside a transaction before PostgreSQL 12.` }];
      state.enumValues.set(value, transaction.id);
      return [];
    }
    const used = new Set<string>();
    walk({ [kind]: body }, (type, node) => {
      const text = type === 'A_Const' ? child(node, 'sval')?.sval : undefined;
      if (typeof text === 'string' && state.enumValues.get(text) === transaction.id) used.add(text);
      return undefined;
    });
    return [...used].map((value) => ({
      message: `Statement ${index + 1} uses '${value}', which this transaction adds to an enum.`,
    }));
  },
};
