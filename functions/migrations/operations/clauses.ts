import { ExpressionInvalid, MigrationFileInvalid } from '../errors.ts';
import type { FileColumn, ForeignKeyReference, TableConstraint } from '../file/schema.ts';
import { bind, type Expression, parseExpression } from '../sql/expression.ts';
import { isConstant, isNullConstant } from '../sql/facts.ts';
import { quoteIdentifier } from '../sql/identifiers.ts';
import { child, items, parseSql, printSql } from '../sql/tree.ts';

const actions = ['NO ACTION', 'RESTRICT', 'CASCADE', 'SET NULL', 'SET DEFAULT'];
const matches = ['SIMPLE', 'FULL'];

/** One word of a closed list, in any case. Throws MigrationFileInvalid naming the words. */
export function oneOf(given: string, words: readonly string[], pointer: string): string {
  const word = words.find((candidate) => candidate === given.trim().toUpperCase());
  if (word !== undefined) return word;
  const detail = `Expected ${words.join(', ')}, found "${given.slice(0, 40)}"`;
  throw new MigrationFileInvalid(detail, {
    problems: [{ pointer, detail }],
    action: `Write one of ${words.join(', ')}.`,
  });
}

type Referential = Pick<
  ForeignKeyReference,
  'match_type' | 'on_delete' | 'on_update' | 'deferrable' | 'initially_deferred'
>;

/** What comes after REFERENCES t (c): MATCH, ON DELETE, ON UPDATE, DEFERRABLE; empty or with a leading blank. */
export function foreignKeyClause(
  reference: Referential,
  pointer: (field: string) => string,
  setColumns: string[] = [],
): string {
  const { match_type, on_delete, on_update, deferrable, initially_deferred } = reference;
  const columns = setColumns.length > 0 ? ` (${setColumns.map(quoteIdentifier).join(', ')})` : '';
  return [
    match_type === undefined ? '' : ` MATCH ${oneOf(match_type, matches, pointer('match_type'))}`,
    on_delete === undefined ? '' : ` ON DELETE ${oneOf(on_delete, actions, pointer('on_delete'))}${columns}`,
    on_update === undefined ? '' : ` ON UPDATE ${oneOf(on_update, actions, pointer('on_update'))}`,
    deferralClause(deferrable, initially_deferred),
  ].join('');
}

/** DEFERRABLE and INITIALLY DEFERRED; empty or with a leading blank. */
export function deferralClause(deferrable: boolean | undefined, initially: boolean | undefined): string {
  return `${deferrable === true || initially === true ? ' DEFERRABLE' : ''}${initially === true ? ' INITIALLY DEFERRED' : ''}`;
}

/** A GENERATED clause, with a leading blank. Identity options are read by the parser, never passed on as text. */
export async function generatedClause(
  generated: NonNullable<FileColumn['generated']>,
  pointer: string,
): Promise<string> {
  if (generated.expression !== undefined) {
    const expression = await parseExpression(generated.expression, `${pointer}/expression`);
    return ` GENERATED ALWAYS AS (${expressionSql(expression)}) STORED`;
  }
  const { identity } = generated;
  const given = identity?.user_specified_values ?? 'BY DEFAULT';
  const when = oneOf(given, ['ALWAYS', 'BY DEFAULT'], `${pointer}/identity/user_specified_values`);
  const options = identity?.sequence_options?.trim() ?? '';
  if (options === '') return ` GENERATED ${when} AS IDENTITY`;
  const sql = `ALTER TABLE t ALTER COLUMN c ADD GENERATED ${when} AS IDENTITY (${options})`;
  return ` GENERATED ${when} AS IDENTITY ${await identityOptions(sql, `${pointer}/identity/sequence_options`)}`;
}

async function identityOptions(sql: string, pointer: string): Promise<string> {
  const refuse = (cause?: unknown) => {
    const detail = 'Expected options as in CREATE SEQUENCE';
    return new MigrationFileInvalid(detail, {
      problems: [{ pointer, detail }],
      ...(cause === undefined ? {} : { cause }),
    });
  };
  try {
    const [only, second] = await parseSql(sql);
    const commands = items(child(only?.statement, 'AlterTableStmt'), 'cmds');
    if (only === undefined || second !== undefined || commands.length !== 1) throw refuse();
    const match = /AS IDENTITY\s*(\(.*\))$/s.exec(printSql(only.statement));
    if (match?.[1] === undefined) throw refuse();
    return match[1];
  } catch (error) {
    throw error instanceof MigrationFileInvalid ? error : refuse(error);
  }
}

/** SQL of an expression over columns by their own names; `tables` are names it may call their table by. */
export const expressionSql = (expression: Expression, tables: string[] = []): string =>
  bind(expression, tables, quoteIdentifier);

/** A default: an expression without columns; null for the constant NULL. Throws ExpressionInvalid. */
export async function defaultOf(
  text: string,
  pointer: string,
): Promise<{ sql: string; constant: boolean } | null> {
  const expression = await parseExpression(text, pointer);
  const sql = bind(expression, [], (column) => {
    const detail = `"${text.slice(0, 200)}" is not one SQL expression for a default: it reads the column "${column}"`;
    throw new ExpressionInvalid(detail, {
      problems: [{ pointer, detail }],
      evidence: { expression: text.slice(0, 2_000) },
      action: 'Use up to derive a value from other columns.',
    });
  });
  return isNullConstant(expression) ? null : { sql, constant: isConstant(expression) };
}

/** What comes after the columns of UNIQUE and PRIMARY KEY: INCLUDE. Throws for what is not built. */
export function includeClause(constraint: TableConstraint): string {
  const include = constraint.index_parameters?.include_columns ?? [];
  return include.length === 0 ? '' : ` INCLUDE (${include.map(quoteIdentifier).join(', ')})`;
}
