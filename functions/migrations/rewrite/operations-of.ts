import { readStatements, type Statement } from '../lint/statements.ts';
import type { Snapshot } from '../plan/snapshot.ts';
import { type Context, type Entry, emptyContext } from './context.ts';
import { exchangedColumns } from './exchanged.ts';
import { rewriteStatement } from './statement.ts';

/** Operations for SQL that PostgreSQL can read; null when it cannot. */
export async function operationsOf(
  sql: string,
  schema: string,
  snapshot: Snapshot | null,
): Promise<{ entries: Entry[]; statements: Statement[] } | null> {
  const { statements, unreadable } = await readStatements(sql);
  if (unreadable !== null) return null;
  const context: Context = emptyContext(schema, snapshot, exchangedColumns(statements));
  for (const statement of statements) rewriteStatement(context, statement);
  return { entries: context.entries, statements };
}
