import { definedColumns } from '../alterations.ts';
import type { Rule } from '../rule.ts';

export const preferBigintOverInt: Rule = {
  id: 'prefer-bigint-over-int',
  aliases: ['prefer-big-int'],
  severity: 'info',
  title: 'A column of type integer or serial',
  lock: null,
  why: 'Keys run out at 2,147,483,647, and changing the type then has the whole table written anew.',
  advice: 'Use bigint for keys, what points to them, and counters.',
  check: (statement) =>
    definedColumns(statement)
      .filter(({ type }) => ['int4', 'serial', 'serial4'].includes(type))
      .map(({ column, node }) => ({ at: node, message: `"${column}" ends at 2,147,483,647.` })),
};
