import { commandsOf } from '../alterations.ts';
import type { Rule } from '../rule.ts';

export const banDropCascade: Rule = {
  id: 'ban-drop-cascade',
  severity: 'warning',
  title: 'CASCADE drops what nobody named',
  lock: null,
  why: 'Views, foreign keys and defaults that depend on it go too: which ones depends on the database it runs on.',
  advice: 'Name everything that is to go, and leave CASCADE out: PostgreSQL then says what was forgotten.',
  check(statement) {
    const dropped = statement.kind === 'DropStmt' && statement.body.behavior === 'DROP_CASCADE';
    const clause = commandsOf(statement).some(
      ({ subtype, cascade }) => cascade && /^AT_Drop(Column|Constraint)$/.test(subtype),
    );
    return dropped || clause ? [{ message: 'What else goes with it is known only when it runs.' }] : [];
  },
};
