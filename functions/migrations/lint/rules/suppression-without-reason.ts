import type { Rule } from '../rule.ts';

export const suppressionWithoutReason: Rule = {
  id: 'suppression-without-reason',
  severity: 'warning',
  title: 'A finding is silenced and nobody says why',
  lock: null,
  why: 'Who reads the file next cannot tell a decision from a habit, nor whether it still holds.',
  advice: 'Write -- theseus:ignore <rule>: <why it does no harm here>.',
  // Made where comments are matched with findings.
  check: () => [],
};
