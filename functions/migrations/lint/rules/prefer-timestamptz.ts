import { definedColumns } from '../alterations.ts';
import type { Rule } from '../rule.ts';

export const preferTimestamptz: Rule = {
  id: 'prefer-timestamptz',
  aliases: ['prefer-timestamp-tz'],
  severity: 'info',
  title: 'A column of type timestamp without time zone',
  lock: null,
  why: 'It does not say which moment is meant: two clients in different time zones read two different ones.',
  advice: 'Use timestamptz; it takes the same eight bytes.',
  check: (statement) =>
    definedColumns(statement)
      .filter(({ type }) => /^timestamp(\[\])?$/.test(type))
      .map(({ column, node }) => ({ at: node, message: `"${column}" does not say which moment it means.` })),
};
