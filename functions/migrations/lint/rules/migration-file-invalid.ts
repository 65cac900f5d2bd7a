import type { Rule } from '../rule.ts';

export const migrationFileInvalid: Rule = {
  id: 'migration-file-invalid',
  severity: 'error',
  title: 'A migration file that cannot be read',
  lock: null,
  why: 'It would be refused when it is planned.',
  advice: 'Correct the field; docs/migrations.md lists every operation.',
  // Made where the file is read: there is no statement to look at.
  check: () => [],
};
