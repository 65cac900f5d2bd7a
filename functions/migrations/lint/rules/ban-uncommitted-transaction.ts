import type { Rule } from '../rule.ts';

export const banUncommittedTransaction: Rule = {
  id: 'ban-uncommitted-transaction',
  severity: 'error',
  title: 'BEGIN without COMMIT',
  lock: null,
  why: 'When the connection ends, everything since BEGIN is rolled back and the migration looks applied; when it is pooled, the next user inherits the transaction and its locks.',
  advice: 'Write COMMIT at the end, or leave BEGIN out where the tool opens a transaction itself.',
  // Known only behind the last statement: see finish.
  check: () => [],
  finish: ({ transaction }) =>
    transaction?.explicit === true
      ? [{ statement: transaction.begun, message: 'The transaction that begins here is never committed.' }]
      : [],
};
