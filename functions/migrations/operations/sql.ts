import { ExpressionInvalid } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import { lint } from '../lint/lint.ts';
import { pieces, type StepDraft } from '../plan/pieces.ts';
import type { Note } from '../plan/schemas.ts';
import { transaction } from '../plan/steps.ts';
import { parseErrorOffset, parseSql } from '../sql/tree.ts';
import type { Applied, OperationContext } from './operation.ts';
import { notYet } from './refusals.ts';

/** Statements that cannot run inside a transaction, or would end it. */
const outside = new Set([
  'VacuumStmt',
  'TransactionStmt',
  'CreatedbStmt',
  'DropdbStmt',
  'AlterSystemStmt',
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
]);

/** The user's own statements, run as they are: at expand, or at contract with onComplete. */
export async function sql(body: OperationOf<'sql'>, context: OperationContext): Promise<Applied> {
  const up = await statements(body.up, 'up', context);
  const down = body.down === undefined ? [] : await statements(body.down, 'down', context);
  const late = body.onComplete === true;
  const findings = await findingNotes(body.up, context);
  return {
    schema: context.schema,
    pieces: async () =>
      pieces({
        summary: `Run ${up.length} SQL statement${up.length === 1 ? '' : 's'} of yours${late ? ' at contract' : ''}`,
        undo: down.length === 0 ? 'none' : 'lossy',
        undoReason: down.length === 0 ? 'There is no down' : 'The down statements decide what returns',
        raw: late ? { up: [], down: [] } : { up, down },
        ...(late
          ? {
              enforce: [raw('Run your SQL statements', up)],
              undoContract: down.length === 0 ? [] : [raw('Run your down statements', down)],
            }
          : {}),
        notes: [
          {
            code: 'raw_sql',
            severity: 'warning',
            operation: context.index,
            text: `Operation ${context.index + 1} runs as it is: its locks, its duration and what it changes are not known beforehand. First statement: ${(up[0] ?? '').slice(0, 200)}`,
          },
          ...findings,
        ],
      }),
  };
}

/** As many as a person reads. */
const maxFindings = 20;

/** What the linter says of the statements, with the sizes of this database. */
async function findingNotes(up: string, { index, schema, snapshot }: OperationContext): Promise<Note[]> {
  const findings = await lint(up, {
    file: '',
    postgresVersion: Math.floor(snapshot.serverVersion / 10_000),
    snapshot,
    transaction: 'file',
    fresh: schema.tables.filter(({ source }) => source === null).map(({ name }) => name),
  });
  return findings
    .filter(({ severity }) => severity === 'error')
    .slice(0, maxFindings)
    .map(({ rule, message, lock, line }) => ({
      code: 'sql_finding',
      severity: 'warning',
      operation: index,
      text: `Operation ${index + 1}, line ${line}: ${message}${lock === null ? '' : ` ${lock.mode}: ${lock.duration}.`} (${rule})`,
    }));
}

/** The statements in one transaction; the executor makes names without a schema mean the migrated one. */
export function raw(purpose: string, statements: string[]): StepDraft {
  return transaction(purpose, [], statements);
}

async function statements(text: string, field: string, context: OperationContext): Promise<string[]> {
  let parsed: Awaited<ReturnType<typeof parseSql>>;
  try {
    parsed = await parseSql(text);
  } catch (cause) {
    const offset = parseErrorOffset(cause);
    const detail = `The SQL does not parse${offset === null ? '' : ` at character ${offset + 1}`}: ${cause instanceof Error ? cause.message : ''}`;
    throw new ExpressionInvalid(detail, {
      problems: [{ pointer: context.pointer(field), detail }],
      evidence: { expression: text.slice(0, 2_000), position: offset === null ? null : offset + 1 },
      action: 'Correct the SQL.',
      cause,
    });
  }
  const bytes = Buffer.from(text, 'utf8');
  for (const { statement } of parsed) {
    const [kind] = Object.keys(statement);
    const index = statement.IndexStmt;
    const concurrent = typeof index === 'object' && index !== null && 'concurrent' in index;
    if (kind === undefined || outside.has(kind) || concurrent) {
      throw notYet(
        context,
        `${concurrent ? 'CREATE INDEX CONCURRENTLY' : (kind ?? 'an empty statement')} in sql`,
        'Use create_index, or run it by hand.',
        [field],
      );
    }
  }
  const found = parsed.map(({ start, end }) => bytes.subarray(start, end).toString('utf8').trim());
  if (found.length > 0) return found;
  const detail = 'The SQL holds no statement';
  throw new ExpressionInvalid(detail, {
    problems: [{ pointer: context.pointer(field), detail }],
    action: 'Write at least one statement.',
  });
}
