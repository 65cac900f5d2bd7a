import { commandsOf } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { columnKey, isNew, shown } from '../state.ts';

export const validatingInSameTransaction: Rule = {
  id: 'validating-in-same-transaction',
  severity: 'error',
  title: 'NOT VALID and VALIDATE in one transaction',
  lock: 'ACCESS EXCLUSIVE',
  work: 'scan',
  why: 'The lock that ADD CONSTRAINT took is kept until the end of the transaction, so the validation blocks like a plain ADD CONSTRAINT.',
  advice: 'Commit after ADD CONSTRAINT … NOT VALID; validate in another transaction or another file.',
  check(statement, state) {
    const current = state.transaction?.id;
    if (current === undefined) return [];
    return commandsOf(statement).flatMap(({ subtype, table, name }) => {
      if (subtype !== 'AT_ValidateConstraint' || name === null || isNew(state, table)) return [];
      if (state.notValid.get(columnKey(state, table, name))?.transaction !== current) return [];
      return [
        { table, message: `"${name}" is validated while "${shown(table)}" is still locked by adding it.` },
      ];
    });
  },
};
