import { ExpressionInvalid } from '../errors.ts';
import { exchangeNames, type Place } from './exchange.ts';
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
  /** What was parsed, to which the positions in the tree belong; absent where the tree came from elsewhere. */
  source?: string;
  node: Tree;
}

const PREFIX = 'SELECT ';
const aggregates = new Set(
  (
    'count sum avg min max array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg xmlagg bool_and ' +
    'bool_or every bit_and bit_or bit_xor stddev stddev_pop stddev_samp variance var_pop var_samp mode percentile_cont ' +
    'percentile_disc corr any_value range_agg'
  ).split(' '),
);
const setReturning = new Set(
  (
    'generate_series unnest regexp_split_to_table regexp_matches string_to_table jsonb_array_elements ' +
    'jsonb_array_elements_text json_array_elements json_array_elements_text jsonb_each json_each'
  ).split(' '),
);

function invalid(text: string, problem: string, position: number | null = null): ExpressionInvalid {
  const where = position === null ? '' : ` at character ${position}`;
  return new ExpressionInvalid(
    `"${text.slice(0, 200)}" is not one SQL expression over the row: ${problem}${where}`,
    {
      evidence: { expression: text.slice(0, 2_000), position },
      action:
        'Write one expression over the columns of the table, without aggregates, window functions or statements.',
    },
  );
}

/**
 * Parses one expression; a text that begins with SELECT counts as a sub-select.
 * Throws ExpressionInvalid with the position (characters, from 1) for anything else: two expressions, an alias, a
 * FROM of its own, aggregates, window functions, set-returning functions, parameters.
 */
export async function parseExpression(text: string): Promise<Expression> {
  const source = /^\s*(select|with|values)\b/i.test(text) ? `(${text}\n)` : text;
  const shift = PREFIX.length + (source === text ? 0 : 1);
  if (text.trim() === '') throw invalid(text, 'it is empty');
  let statements: Awaited<ReturnType<typeof parseSql>>;
  try {
    statements = await parseSql(PREFIX + source);
  } catch (error) {
    const offset = parseErrorOffset(error);
    const message = error instanceof Error ? error.message : 'it does not parse';
    throw invalid(text, message, offset === null ? null : Math.max(1, offset - shift + 1));
  }
  const select = child(statements[0]?.statement, 'SelectStmt');
  if (statements.length !== 1 || select === undefined)
    throw invalid(text, 'it holds more than one statement');
  const allowed = new Set(['targetList', 'limitOption', 'op']);
  const extra = Object.keys(select).find((key) => !allowed.has(key));
  const [target, second] = items(select, 'targetList');
  const node = child(child(target, 'ResTarget'), 'val');
  if (extra !== undefined || select.op !== 'SETOP_NONE')
    throw invalid(text, 'it goes on after the expression');
  if (node === undefined) throw invalid(text, 'it is empty');
  if (second !== undefined) throw invalid(text, 'it holds more than one expression');
  if (typeof child(target, 'ResTarget')?.name === 'string') throw invalid(text, 'it names its result');
  const expression = { text, source: PREFIX + source, node };
  refuseForeignParts(expression);
  return expression;
}

function refuseForeignParts({ text, node }: Expression): void {
  walk(node, (kind, body) => {
    if (kind === 'SubLink') return undefined;
    if (kind === 'SelectStmt') {
      if (body.intoClause !== undefined || body.lockingClause !== undefined)
        throw invalid(text, 'a sub-select may only read');
      return undefined;
    }
    if (/^(Insert|Update|Delete|Merge)Stmt$/.test(kind)) throw invalid(text, 'a sub-select may only read');
    if (kind === 'ParamRef') throw invalid(text, 'it holds a parameter');
    if (kind === 'SetToDefault') throw invalid(text, 'DEFAULT is not a value here');
    return undefined;
  });
  walk(node, (kind, body) => {
    if (kind === 'SubLink') return false;
    if (kind !== 'FuncCall') return undefined;
    const name = functionName(body);
    if (body.over !== undefined) throw invalid(text, 'it holds a window function');
    if (
      aggregates.has(name) ||
      body.agg_star === true ||
      body.agg_distinct === true ||
      body.agg_filter !== undefined
    ) {
      throw invalid(text, `it holds the aggregate ${name}`);
    }
    if (setReturning.has(name)) throw invalid(text, `${name} returns more than one row`);
    return undefined;
  });
}

/** The last part of a called function's name, lower case. */
export function functionName(call: Tree): string {
  return stringOf(items(call, 'funcname').at(-1))?.toLowerCase() ?? '';
}

interface Scope {
  /** Some enclosing sub-select has a FROM: an unqualified name may be one of its columns. */
  from: boolean;
  /** Names that the FROM clauses around give to other relations. */
  taken: Set<string>;
}

/** Copies the tree; `column` gives the node that stands for a column of the table. */
function mapColumns(
  expression: Expression,
  tables: string[],
  column: (name: string, reference: Tree) => Tree,
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
    if (names.length === 1 && typeof first === 'string') return outside ? column(first, reference) : null;
    if (
      names.length === 2 &&
      typeof first === 'string' &&
      tables.includes(first) &&
      !scope.taken.has(first)
    ) {
      if (typeof second === 'string') return column(second, reference);
    } else if (!outside) {
      return null;
    }
    throw invalid(
      expression.text,
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
 * for example `NEW."name"`), through the syntax tree. Throws ExpressionInvalid when it cannot be printed with certainty.
 */
export function bind(expression: Expression, tables: string[], replace: (column: string) => string): string {
  let marker = '_theseus_column_';
  while (expression.text.toLowerCase().includes(marker)) marker += '_';
  const operands: string[] = [];
  const places: Place[] = [];
  const node = mapColumns(expression, tables, (name, reference) => {
    const stand = `${marker}${operands.length}x`;
    operands.push(replace(name));
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
function printExpression({ text, source }: Expression, node: Tree, places: Place[]): string {
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
    throw new ExpressionInvalid(`"${text.slice(0, 200)}" cannot be rewritten with certainty`, {
      evidence: { expression: text.slice(0, 2_000) },
      action: 'Write the expression in a simpler way, or put it into a function and call that.',
      cause,
    });
  }
}
