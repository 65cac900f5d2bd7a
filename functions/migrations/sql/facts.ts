import { type Expression, parseExpression } from './expression.ts';
import { functionName } from './forbidden.ts';
import { child, isTree, items, stringOf, type Tree, walk } from './tree.ts';

/** Built-in functions whose result differs between two calls or two sessions, whatever the catalogue says. */
const restless = new Set(
  (
    'now random random_normal clock_timestamp statement_timestamp transaction_timestamp timeofday gen_random_uuid uuidv4 uuidv7 ' +
    'uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 gen_random_bytes nextval currval lastval setval txid_current ' +
    'pg_current_xact_id current_setting set_config pg_backend_pid inet_client_addr inet_client_port version pg_sleep'
  ).split(' '),
);

/** Functions that give a value whenever all their arguments are values. */
const strictTotal = new Set(
  (
    'lower upper initcap btrim ltrim rtrim trim length char_length octet_length replace reverse repeat lpad rpad left right ' +
    'split_part regexp_replace substr strpos position overlay abs ceil ceiling floor round trunc md5 translate ascii to_char date_trunc encode'
  ).split(' '),
);

const alwaysValue = new Set(
  'concat now clock_timestamp statement_timestamp transaction_timestamp gen_random_uuid uuidv4 uuidv7 random nextval'.split(
    ' ',
  ),
);

const totalOperators = new Set([
  '||',
  '+',
  '-',
  '*',
  '/',
  '%',
  '=',
  '<>',
  '!=',
  '<',
  '>',
  '<=',
  '>=',
  '~~',
  '!~~',
  '~',
  '~*',
  '!~',
  '!~*',
]);

/**
 * Whether computing the expression again for the same row may give another value: a volatile function, the time, a
 * setting, or another table. Such a value is filled once and verified for presence only.
 */
export function isVolatile(expression: Expression, volatileFunctions: string[]): boolean {
  const volatile = new Set(volatileFunctions);
  let found = false;
  walk(expression.node, (kind, body) => {
    if (kind === 'SQLValueFunction') found = true;
    if (kind === 'SelectStmt' && items(body, 'fromClause').length > 0) found = true;
    if (kind === 'FuncCall') {
      const name = functionName(body);
      // PostgreSQL marks these overloads immutable or strict by argument; only the argument-free forms are restless.
      if (restless.has(name) || volatile.has(name)) found = true;
    }
    return undefined;
  });
  return found;
}

/** Whether the expression is a constant: no column, no call, no sub-select. */
export function isConstant(expression: Expression): boolean {
  let constant = true;
  walk(expression.node, (kind) => {
    if (['ColumnRef', 'FuncCall', 'SubLink', 'SQLValueFunction', 'CoalesceExpr', 'MinMaxExpr'].includes(kind))
      constant = false;
    return undefined;
  });
  return constant;
}

/** Whether the expression is the constant NULL, casts aside. */
export function isNullConstant(expression: Expression): boolean {
  return child(withoutCasts(expression.node), 'A_Const')?.isnull === true;
}

/** The column the expression consists of, casts aside, and the base names of these casts' types; null for anything else. */
export function plainColumn(expression: Expression): { column: string; casts: string[] } | null {
  const casts: string[] = [];
  let node: Tree | undefined = expression.node;
  while (node?.TypeCast !== undefined) {
    const cast = child(node, 'TypeCast');
    casts.push(stringOf(items(child(cast, 'typeName'), 'names').at(-1)) ?? '');
    node = child(cast, 'arg');
  }
  const column = stringOf(items(child(node, 'ColumnRef'), 'fields').at(-1));
  return column === null ? null : { column, casts };
}

/** Whether the text is nothing but the column itself, or is left out. Throws ExpressionInvalid. */
export async function isIdentity(
  text: string | undefined,
  column: string,
  pointer: string,
): Promise<boolean> {
  if (text === undefined) return true;
  const plain = plainColumn(await parseExpression(text, pointer));
  return plain?.column === column && plain.casts.length === 0;
}

function withoutCasts(node: Tree): Tree {
  const inner = child(child(node, 'TypeCast'), 'arg');
  return inner === undefined ? node : withoutCasts(inner);
}

/** Whether the expression can never be NULL, by its form alone; `notNull` says it of a column. False when unsure. */
export function provablyNotNull(expression: Expression, notNull: (column: string) => boolean): boolean {
  return never(expression.node, notNull);
}

function never(node: Tree | undefined, notNull: (column: string) => boolean): boolean {
  if (node === undefined) return false;
  const [kind] = Object.keys(node);
  const body = kind === undefined ? undefined : child(node, kind);
  if (kind === undefined || body === undefined) return false;
  const sure = (inner: Tree | undefined) => never(inner, notNull);
  const args = items(body, 'args');
  switch (kind) {
    case 'A_Const':
      return body.isnull !== true;
    case 'ColumnRef': {
      const name = stringOf(items(body, 'fields').at(-1));
      return name !== null && notNull(name);
    }
    case 'CoalesceExpr':
    case 'MinMaxExpr':
      return args.some(sure);
    case 'CaseExpr':
      return (
        sure(child(body, 'defresult')) && args.every((when) => sure(child(child(when, 'CaseWhen'), 'result')))
      );
    case 'TypeCast':
      return sure(child(body, 'arg'));
    case 'BoolExpr':
      return args.every(sure);
    case 'NullTest':
    case 'BooleanTest':
    case 'SQLValueFunction':
    case 'A_ArrayExpr':
      return true;
    case 'A_Expr':
      return (
        operatorIsTotal(body) &&
        (body.lexpr === undefined || sure(child(body, 'lexpr'))) &&
        sure(child(body, 'rexpr'))
      );
    case 'FuncCall': {
      const name = functionName(body);
      if (alwaysValue.has(name)) return true;
      return strictTotal.has(name) && args.length > 0 && args.every(sure);
    }
    case 'SubLink': {
      const select = child(child(body, 'subselect'), 'SelectStmt');
      const plain =
        isTree(select) &&
        Object.keys(select).every((key) => ['targetList', 'limitOption', 'op'].includes(key));
      return plain && sure(child(child(items(select, 'targetList')[0], 'ResTarget'), 'val'));
    }
    default:
      return false;
  }
}

function operatorIsTotal(body: Tree): boolean {
  const operator = stringOf(items(body, 'name').at(-1));
  return body.kind === 'AEXPR_OP' && operator !== null && totalOperators.has(operator);
}
