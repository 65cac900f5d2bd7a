import { ExpressionInvalid } from '../errors.ts';
import { exchangeNames, type Place } from './exchange.ts';
import { forbiddenPart } from './forbidden.ts';
import {
  child,
  isTree,
  items,
  parseErrorOffset,
  parseSql,
  printSql,
  readsAs,
  stringOf,
  type Tree,
  walk,
} from './tree.ts';

/** One SQL expression over the columns of one table, parsed. */
export interface Expression {
  /** As the user wrote it. */
  text: string;
  /** RFC 6901 pointer of its field in the file, for errors. */
  pointer?: string;
  /** What was parsed, to which the positions in the tree belong; absent where the tree came from elsewhere. */
  source?: string;
  node: Tree;
}

const PREFIX = 'SELECT ';
function invalid(
  { text, pointer }: Pick<Expression, 'text' | 'pointer'>,
  problem: string,
  position: number | null = null,
): ExpressionInvalid {
  const where = position === null ? '' : ` at character ${position}`;
  const detail = `"${text.slice(0, 200)}" is not one SQL expression over the row: ${problem}${where}`;
  return new ExpressionInvalid(detail, {
    ...(pointer === undefined ? {} : { problems: [{ pointer, detail }] }),
    evidence: { expression: text.slice(0, 2_000), position },
    action:
      'Write one expression over the columns of the table, without aggregates, window functions or statements.',
  });
}

/**
 * Parses one expression; a text that begins with SELECT counts as a sub-select. `pointer` is its field in the file.
 * Throws ExpressionInvalid with the position (characters, from 1) for anything else: two expressions, an alias, a
 * FROM of its own, aggregates, window functions, set-returning functions, parameters.
 */
export async function parseExpression(text: string, pointer?: string): Promise<Expression> {
  const given = { text, ...(pointer === undefined ? {} : { pointer }) };
  const source = /^\s*(select|with|values)\b/i.test(text) ? `(${text}\n)` : text;
  const shift = PREFIX.length + (source === text ? 0 : 1);
  if (text.trim() === '') throw invalid(given, 'it is empty');
  let statements: Awaited<ReturnType<typeof parseSql>>;
  try {
    statements = await parseSql(PREFIX + source);
  } catch (error) {
    const offset = parseErrorOffset(error);
    const message = error instanceof Error ? error.message : 'it does not parse';
    throw invalid(given, message, offset === null ? null : Math.max(1, offset - shift + 1));
  }
  const select = child(statements[0]?.statement, 'SelectStmt');
  if (statements.length !== 1 || select === undefined)
    throw invalid(given, 'it holds more than one statement');
  const allowed = new Set(['targetList', 'limitOption', 'op']);
  const extra = Object.keys(select).find((key) => !allowed.has(key));
  const [target, second] = items(select, 'targetList');
  const node = child(child(target, 'ResTarget'), 'val');
  if (extra !== undefined || select.op !== 'SETOP_NONE')
    throw invalid(given, 'it goes on after the expression');
  if (node === undefined) throw invalid(given, 'it is empty');
  if (second !== undefined) throw invalid(given, 'it holds more than one expression');
  if (typeof child(target, 'ResTarget')?.name === 'string') throw invalid(given, 'it names its result');
  const expression: Expression = { ...given, source: PREFIX + source, node };
  const problem = forbiddenPart(node);
  if (problem !== null) throw invalid(expression, problem);
  return expression;
}

interface Scope {
  /** Some enclosing sub-select has a FROM: an unqualified name may be one of its columns. */
  from: boolean;
  /** Names that the FROM clauses around give to other relations. */
  taken: Set<string>;
}

/** Copies the tree; `column` gives the node that stands for a column of the table, `nested`: below another FROM. */
function mapColumns(
  expression: Expression,
  tables: string[],
  column: (name: string, reference: Tree, nested: boolean) => Tree,
): Tree {
  const visit = (node: unknown, scope: Scope): unknown => {
    if (Array.isArray(node)) return node.map((item) => visit(item, scope));
    if (!isTree(node)) return node;
    const reference = child(node, 'ColumnRef');
    if (reference !== undefined) return columnNode(reference, scope) ?? node;
    const select = child(node, 'SelectStmt');
    const inner = select === undefined ? scope : selectScope(select, scope);
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, visit(value, inner)]));
  };
  const columnNode = (reference: Tree, scope: Scope): Tree | null => {
    const names = items(reference, 'fields').map(stringOf);
    const [first, second] = names;
    const outside = !scope.from;
    if (names.length === 1 && typeof first === 'string')
      return outside ? column(first, reference, false) : null;
    if (
      names.length === 2 &&
      typeof first === 'string' &&
      tables.includes(first) &&
      !scope.taken.has(first)
    ) {
      if (typeof second === 'string') return column(second, reference, scope.from);
    } else if (!outside) {
      return null;
    }
    throw invalid(
      expression,
      `"${names.map((name) => name ?? '*').join('.')}" is not a column of ${tables[0] ?? 'the table'}`,
    );
  };
  const mapped = visit(expression.node, { from: false, taken: new Set() });
  return isTree(mapped) ? mapped : expression.node;
}

function selectScope(select: Tree, scope: Scope): Scope {
  const from = items(select, 'fromClause');
  if (from.length === 0) return scope;
  const taken = new Set(scope.taken);
  walk(from, (kind, body) => {
    const alias = child(body, 'alias')?.aliasname;
    if (typeof alias === 'string') taken.add(alias);
    else if (kind === 'RangeVar' && typeof body.relname === 'string') taken.add(body.relname);
    return kind === 'RangeSubselect' ? false : undefined;
  });
  return { from: true, taken };
}

/**
 * Names of the table's columns the expression reads, in order of appearance. `tables` are the names by which the
 * expression may call the table. Inside a sub-select with a FROM only names qualified by the table count.
 */
export function columnsOf(expression: Expression, tables: string[]): string[] {
  const names = new Set<string>();
  mapColumns(expression, tables, (name) => {
    names.add(name);
    return { ColumnRef: { fields: [] } };
  });
  return [...names];
}

/**
 * The expression as SQL with every column of the table replaced by what `replace` gives for it (SQL of one operand,
 * for example `NEW."name"`), through the syntax tree; `nested`: below a FROM, whose columns would come before a bare
 * name. Throws ExpressionInvalid when it cannot be printed with certainty.
 */
export function bind(
  expression: Expression,
  tables: string[],
  replace: (column: string, nested: boolean) => string,
): string {
  let marker = '_theseus_column_';
  while (expression.text.toLowerCase().includes(marker)) marker += '_';
  const operands: string[] = [];
  const places: Place[] = [];
  const node = mapColumns(expression, tables, (name, reference, nested) => {
    const stand = `${marker}${operands.length}x`;
    operands.push(replace(name, nested));
    places.push({ at: Number(reference.location), parts: items(reference, 'fields').length, by: stand });
    return { ColumnRef: { fields: [{ String: { sval: stand } }] } };
  });
  const sql = printExpression(expression, node, places);
  return sql.replaceAll(
    new RegExp(`${marker}(\\d+)x`, 'g'),
    (_, index: string) => operands[Number(index)] ?? '',
  );
}

/** Printed from the tree; where the printer fails, the user's own text with the names exchanged. Both are read back. */
function printExpression({ text, source, pointer }: Expression, node: Tree, places: Place[]): string {
  const statement = {
    SelectStmt: {
      targetList: [{ ResTarget: { val: node } }],
      limitOption: 'LIMIT_OPTION_DEFAULT',
      op: 'SETOP_NONE',
    },
  };
  try {
    return printSql(statement).slice(PREFIX.length);
  } catch (cause) {
    const exchanged = source === undefined ? null : exchangeNames(source, places);
    // A comment could swallow what comes after the expression.
    const plain = exchanged !== null && !/--|\/\*/.test(exchanged);
    if (plain && readsAs(exchanged, statement)) return exchanged.slice(PREFIX.length);
    const detail = `"${text.slice(0, 200)}" cannot be rewritten with certainty`;
    throw new ExpressionInvalid(detail, {
      ...(pointer === undefined ? {} : { problems: [{ pointer, detail }] }),
      evidence: { expression: text.slice(0, 2_000) },
      action: 'Write the expression in a simpler way, or put it into a function and call that.',
      cause,
    });
  }
}
