import type { Rule } from '../rule.ts';

export const transactionNesting: Rule = {
  id: 'transaction-nesting',
  severity: 'warning',
  title: 'BEGIN inside a transaction, or COMMIT outside one',
  lock: null,
  why: 'PostgreSQL only warns: there is one transaction, and the first COMMIT ends it, the tool’s own included. What follows runs without the protection it counts on.',
  advice: 'Leave BEGIN and COMMIT to the tool that runs the file, or tell it not to open a transaction.',
  check({ kind, body }, { transaction }) {
    if (kind !== 'TransactionStmt') return [];
    const begins = ['TRANS_STMT_BEGIN', 'TRANS_STMT_START'].includes(String(body.kind));
    const ends = ['TRANS_STMT_COMMIT', 'TRANS_STMT_ROLLBACK'].includes(String(body.kind));
    if (begins && transaction !== null)
      return [{ message: `A transaction is open already${transaction.explicit ? '' : ': the tool’s own'}.` }];
    if (ends && transaction === null) return [{ message: 'No transaction is open here.' }];
    if (ends && transaction?.explicit === false)
      return [{ message: 'This ends the transaction of the tool that runs the file.' }];
    return [];
  },
};
