import type { Rule } from '../rule.ts';

export const banDropDatabase: Rule = {
  id: 'ban-drop-database',
  severity: 'error',
  title: 'A database is dropped',
  lock: null,
  why: 'Everything in it is gone, without a question.',
  advice: 'Do it by hand, after a backup that was restored once; never in a migration.',
  check({ kind, body }) {
    return kind === 'DropdbStmt'
      ? [{ message: `The database "${String(body.dbname)}" is gone with everything in it.` }]
      : [];
  },
};
