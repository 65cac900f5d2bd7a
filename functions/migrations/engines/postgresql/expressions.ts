import { TheseusError } from '#platform/errors.ts';
import { StatementFailed } from '../../errors.ts';
import type { DualWriteGroup, Plan, TableRef } from '../../plan/schemas.ts';
import { quoteIdentifier } from '../../sql/identifiers.ts';
import type { Finding } from '../engine.ts';
import { querySingle, type Session } from './connection.ts';
import { tableOid } from './dual-write/apply.ts';
import { relation } from './keyset.ts';

/** The groups of columns that a plan begins to feed. */
export function addedGroups(plan: Plan): { table: TableRef; group: DualWriteGroup }[] {
  const steps = [...plan.expand, ...plan.index, ...plan.constrain, ...plan.publish];
  return steps.flatMap((step) =>
    step.kind === 'transaction'
      ? step.dualWrites.flatMap((change) => (change.action === 'add' ? [change] : []))
      : [],
  );
}

/** The server's own words, without the statement. */
export const saidOf = (error: TheseusError): string =>
  typeof error.evidence.message === 'string' ? error.evidence.message : error.message;

/** Whether every up and down of the plan can be computed and gives its column's type; nothing is computed. */
export async function wrongExpressions(session: Session, plan: Plan): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { table, group } of addedGroups(plan)) {
    const oid = await tableOid(session, table);
    // A table that this migration creates has no rows to derive from.
    if (oid !== null) findings.push(...(await wrongIn(session, table, oid, group)));
  }
  return findings;
}

async function wrongIn(
  session: Session,
  table: TableRef,
  oid: number,
  group: DualWriteGroup,
): Promise<Finding[]> {
  const { rows } = await session.query<{ name: string; type: string }>(
    `SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped`,
    [oid],
  );
  const types = new Map(rows.map(({ name, type }) => [name, type]));
  for (const { column, type } of group.new) types.set(column, type);
  const row = [...types]
    .map(([name, type]) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(name)}`)
    .join(', ');
  const findings: Finding[] = [];
  for (const [side, targets] of [['up', group.ups] as const, ['down', group.downs] as const]) {
    for (const { column, expression, pointer } of targets) {
      const type = types.get(column);
      const problem = await refusal(
        session,
        `SELECT CAST((${expression}) AS ${type}) FROM (SELECT ${row}) AS new`,
      );
      if (problem === null) continue;
      findings.push({
        code: 'expression_wrong',
        problem: `${pointer === undefined ? '' : `${pointer}: `}The ${side} expression for ${relation(table)}.${quoteIdentifier(column)} (${expression}) does not give ${type}: ${problem}`,
        action: `Correct \`${side}\` in the migration file; functions outside pg_catalog and "${table.schema}" need their schema's name.`,
      });
    }
  }
  return findings;
}

/** What the server says against a statement, without running it. */
async function refusal(session: Session, statement: string): Promise<string | null> {
  try {
    await querySingle(session, `EXPLAIN ${statement}`);
    return null;
  } catch (error) {
    if (!(error instanceof TheseusError) || error.retryable) throw error;
    return error instanceof StatementFailed ? saidOf(error) : error.message;
  }
}
