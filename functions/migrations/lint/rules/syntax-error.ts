import type { Rule } from '../rule.ts';

export const syntaxError: Rule = {
  id: 'syntax-error',
  severity: 'error',
  title: 'The text is not SQL that PostgreSQL 18 reads',
  lock: null,
  why: 'Nothing behind the place is looked at, and PostgreSQL refuses the file there, perhaps after having run what stands before.',
  advice:
    'Correct the SQL at this place. Commands of psql such as \\i or \\gexec are not SQL: lint what they run.',
  // Made while the text is read: there is no statement to look at.
  check: () => [],
};
