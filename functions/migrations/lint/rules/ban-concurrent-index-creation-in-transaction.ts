import { child, items } from '../../sql/tree.ts';
import { commandsOf, hasOption } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import type { Statement } from '../statements.ts';

/** What PostgreSQL refuses inside a transaction, in its own words. */
function refused(statement: Statement): string | null {
  const { kind, body } = statement;
  if (kind === 'IndexStmt' && body.concurrent === true) return 'CREATE INDEX CONCURRENTLY';
  if (kind === 'DropStmt' && body.concurrent === true) return 'DROP INDEX CONCURRENTLY';
  if (kind === 'ReindexStmt' && hasOption(items(body, 'params'), 'concurrently'))
    return 'REINDEX CONCURRENTLY';
  const detached = commandsOf(statement).some(
    ({ definition }) => child(definition, 'PartitionCmd')?.concurrent === true,
  );
  if (detached) return 'DETACH PARTITION CONCURRENTLY';
  if (kind === 'VacuumStmt' && body.is_vacuumcmd === true) return 'VACUUM';
  if (kind === 'CreatedbStmt') return 'CREATE DATABASE';
  if (kind === 'AlterSystemStmt') return 'ALTER SYSTEM';
  return null;
}

export const banConcurrentIndexCreationInTransaction: Rule = {
  id: 'ban-concurrent-index-creation-in-transaction',
  severity: 'error',
  title: 'What cannot run inside a transaction stands in one',
  lock: null,
  why: 'These statements commit in between; PostgreSQL refuses them in a transaction and the migration fails there.',
  advice: 'Put the statement into a file of its own that the tool runs without a transaction.',
  check(statement, { transaction }) {
    const words = transaction === null ? null : refused(statement);
    if (words === null) return [];
    const who = transaction?.explicit === true ? 'the file’s own BEGIN' : 'the tool that runs the file';
    return [{ message: `${words} cannot run inside the transaction of ${who}.` }];
  },
};
