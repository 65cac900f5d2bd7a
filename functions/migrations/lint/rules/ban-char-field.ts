import { definedColumns } from '../alterations.ts';
import type { Rule } from '../rule.ts';

export const banCharField: Rule = {
  id: 'ban-char-field',
  severity: 'warning',
  title: 'A column of type char',
  lock: null,
  why: 'Values are padded with blanks that some comparisons see and others do not; it saves nothing.',
  advice: 'Use text, with a CHECK on its length where one is needed.',
  check: (statement) =>
    definedColumns(statement)
      .filter(({ type }) => /^(bpchar|char)(\[\])?$/.test(type))
      .map(({ column, node }) => ({ at: node, message: `"${column}" is padded with blanks.` })),
};
