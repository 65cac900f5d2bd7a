import type { Finding } from '../lint/finding.ts';
import type { Snapshot } from '../plan/snapshot.ts';
import { operationsOf } from './operations-of.ts';

/** The findings with the operations that do the same as their statement, where operations say all of it. */
export async function withOperations(
  findings: Finding[],
  schema: string,
  snapshot: Snapshot | null,
): Promise<Finding[]> {
  const known = new Map<string, Finding['operations']>();
  const advised: Finding[] = [];
  for (const finding of findings) {
    const { statement, severity } = finding;
    // Of a longer statement the finding holds only the beginning.
    if (severity === 'error' && statement !== '' && statement.length < 2_000 && !known.has(statement))
      known.set(statement, await operationsFor(statement, schema, snapshot));
    advised.push({ ...finding, operations: known.get(statement) ?? null });
  }
  return advised;
}

async function operationsFor(
  sql: string,
  schema: string,
  snapshot: Snapshot | null,
): Promise<Finding['operations']> {
  const entries = (await operationsOf(sql, schema, snapshot))?.entries ?? [];
  if (entries.length === 0 || entries.some(({ operation }) => operation.kind === 'sql')) return null;
  return entries.map(({ operation: { kind, body } }) => ({ [kind]: body }));
}
