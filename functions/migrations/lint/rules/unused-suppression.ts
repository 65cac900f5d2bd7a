import type { Rule } from '../rule.ts';

export const unusedSuppression: Rule = {
  id: 'unused-suppression',
  severity: 'warning',
  title: 'A comment silences nothing',
  lock: null,
  why: 'It would hide the next finding of that rule, which nobody has decided about.',
  advice: 'Remove the comment, or move it before the statement it is about.',
  // Made where comments are matched with findings.
  check: () => [],
};
