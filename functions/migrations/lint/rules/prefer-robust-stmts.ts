import { commandsOf } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import type { Statement } from '../statements.ts';

function fragile(statement: Statement): string | null {
  const { kind, body } = statement;
  if (kind === 'IndexStmt' && body.if_not_exists !== true) return 'CREATE INDEX without IF NOT EXISTS';
  if (kind === 'CreateStmt' && body.if_not_exists !== true) return 'CREATE TABLE without IF NOT EXISTS';
  if (kind === 'DropStmt' && body.missing_ok !== true) return 'DROP without IF EXISTS';
  for (const { subtype, missingOk } of commandsOf(statement)) {
    if (subtype === 'AT_AddColumn' && !missingOk) return 'ADD COLUMN without IF NOT EXISTS';
    if (subtype === 'AT_DropColumn' && !missingOk) return 'DROP COLUMN without IF EXISTS';
  }
  return null;
}

export const preferRobustStmts: Rule = {
  id: 'prefer-robust-stmts',
  severity: 'info',
  title: 'A statement outside a transaction that cannot run twice',
  lock: null,
  why: 'When a later statement fails, those before it stand: the next try of the file stops at the first of them.',
  advice: 'Write IF NOT EXISTS or IF EXISTS, or have the file run in one transaction.',
  check(statement, { transaction }) {
    const words = transaction === null ? fragile(statement) : null;
    return words === null ? [] : [{ message: `${words} stops a second try of the file.` }];
  },
};
