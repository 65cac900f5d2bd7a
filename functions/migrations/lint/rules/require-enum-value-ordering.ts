import type { Rule } from '../rule.ts';

export const requireEnumValueOrdering: Rule = {
  id: 'require-enum-value-ordering',
  severity: 'info',
  title: 'A new enum value without BEFORE or AFTER',
  lock: null,
  why: 'It is sorted last, and the order of an enum can never be changed.',
  advice: "ALTER TYPE … ADD VALUE 'x' AFTER 'y', also where y is the last one: then it is meant.",
  check({ kind, body }) {
    const adds = kind === 'AlterEnumStmt' && body.oldVal === undefined && body.newValNeighbor === undefined;
    return adds ? [{ message: `'${String(body.newVal)}' is sorted behind all other values, for good.` }] : [];
  },
};
