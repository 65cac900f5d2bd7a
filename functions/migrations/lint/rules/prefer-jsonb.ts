import { definedColumns } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew } from '../state.ts';

export const preferJsonb: Rule = {
  id: 'prefer-jsonb',
  severity: 'warning',
  title: 'A column of type json',
  lock: null,
  why: 'json has no equality: SELECT DISTINCT, UNION and GROUP BY over all columns, which worked before, fail from now on.',
  advice: 'Use jsonb.',
  check: (statement, state) =>
    definedColumns(statement)
      .filter(({ type }) => type === 'json')
      .map(({ column, node, added, table }) => ({
        at: node,
        severity: added && !isNew(state, table) ? ('warning' as const) : ('info' as const),
        message: `"${column}" cannot be compared.`,
      })),
};
