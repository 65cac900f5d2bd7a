import { definedColumns } from '../alterations.ts';
import type { Rule } from '../rule.ts';

export const preferBigintOverSmallint: Rule = {
  id: 'prefer-bigint-over-smallint',
  aliases: ['prefer-big-int'],
  severity: 'info',
  title: 'A column of type smallint or smallserial',
  lock: null,
  why: 'It ends at 32,767, and alignment usually eats the bytes it saves.',
  advice: 'Use bigint, or integer for what is bounded by its nature.',
  check: (statement) =>
    definedColumns(statement)
      .filter(({ type }) => ['int2', 'smallserial', 'serial2'].includes(type))
      .map(({ column, node }) => ({ at: node, message: `"${column}" ends at 32,767.` })),
};
