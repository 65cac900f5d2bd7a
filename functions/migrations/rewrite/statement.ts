import { droppedNames, listedName, notNullColumn, relation } from '../lint/alterations.ts';
import type { Statement } from '../lint/statements.ts';
import { child, items, stringOf, type Tree } from '../sql/tree.ts';
import { alterTable } from './alter-table.ts';
import { type Context, columnKey, inSchema, push } from './context.ts';
import { CannotRewrite, columnsIn, expressionText } from './sql-text.ts';
import { createIndex, createTable } from './table.ts';

/** Settings that the platform chooses itself. */
const ownSettings = [
  'lock_timeout',
  'statement_timeout',
  'idle_in_transaction_session_timeout',
  'client_min_messages',
];

/** Appends the operations one statement becomes, or folds it into earlier ones; what has no counterpart stays SQL. */
export function rewriteStatement(context: Context, statement: Statement): void {
  try {
    translate(context, statement);
  } catch (error) {
    if (!(error instanceof CannotRewrite)) throw error;
    keep(context, statement, error.message);
  }
}

function keep(context: Context, { text, index }: Statement, why: string): void {
  push(context, index, { kind: 'sql', body: { up: text } }, `stays SQL: ${why}`);
}

function translate(context: Context, statement: Statement): void {
  const { kind, body, index } = statement;
  switch (kind) {
    case 'TransactionStmt':
      return;
    case 'VariableSetStmt':
      if (ownSettings.includes(String(body.name))) return;
      throw new CannotRewrite('a setting is not part of a schema');
    case 'SelectStmt':
      if (setsTimeout(body)) return;
      throw new CannotRewrite('a query is not part of a schema');
    case 'CreateStmt': {
      const made = createTable(context, statement);
      context.created.set(made.name, made);
      push(context, index, { kind: 'create_table', body: made });
      return;
    }
    case 'IndexStmt':
      indexOrKeep(context, statement);
      return;
    case 'AlterTableStmt':
      alterTable(context, statement);
      return;
    case 'RenameStmt':
      rename(context, statement);
      return;
    case 'DropStmt':
      drop(context, statement);
      return;
    case 'CommentStmt':
      comment(context, statement);
      return;
    case 'UpdateStmt':
      fill(context, body);
      return;
    case 'CreateEnumStmt':
      keep(context, statement, 'operations make no types');
      return;
    default:
      throw new CannotRewrite('operations have no counterpart');
  }
}

function setsTimeout(body: Tree): boolean {
  const targets = items(body, 'targetList');
  return (
    targets.length > 0 &&
    targets.every((target) => {
      const call = child(child(child(target, 'ResTarget'), 'val'), 'FuncCall');
      const name = child(child(items(call, 'args')[0], 'A_Const'), 'sval')?.sval;
      return stringOf(items(call, 'funcname').at(-1)) === 'set_config' && ownSettings.includes(String(name));
    })
  );
}

function indexOrKeep(context: Context, statement: Statement): void {
  try {
    push(context, statement.index, { kind: 'create_index', body: createIndex(context, statement) });
  } catch (error) {
    if (!(error instanceof CannotRewrite) || statement.body.concurrent !== true) throw error;
    const text = statement.text.replace(/\s+CONCURRENTLY\b/i, '');
    keep(
      context,
      { ...statement, text },
      `${error.message}; CONCURRENTLY is left out, SQL runs in a transaction`,
    );
  }
}

function rename(context: Context, { body, index }: Statement): void {
  const table = inSchema(context, relation(child(body, 'relation')));
  const to = String(body.newname);
  if (context.created.has(table))
    throw new CannotRewrite(`"${table}" is created by this file: create it under its last name`);
  if (body.renameType === 'OBJECT_TABLE') {
    push(context, index, { kind: 'rename_table', body: { from: table, to } });
    return;
  }
  const from = String(body.subname);
  if (body.renameType === 'OBJECT_COLUMN' && body.relationType === 'OBJECT_TABLE') {
    if (context.added.has(columnKey(table, from)))
      throw new CannotRewrite(`"${from}" is added by this file: add it under its last name`);
    push(context, index, { kind: 'rename_column', body: { table, from, to } });
    return;
  }
  if (body.renameType === 'OBJECT_TABCONSTRAINT') {
    push(context, index, { kind: 'rename_constraint', body: { table, from, to } });
    return;
  }
  throw new CannotRewrite('operations rename tables, columns and constraints');
}

function drop(context: Context, statement: Statement): void {
  const tables = droppedNames(statement, 'OBJECT_TABLE').map((name) => inSchema(context, name));
  const indexes = droppedNames(statement, 'OBJECT_INDEX').map((name) => inSchema(context, name));
  if (tables.length + indexes.length === 0)
    throw new CannotRewrite('operations drop tables, columns, constraints and indexes');
  if (tables.some((name) => context.created.has(name)))
    throw new CannotRewrite('the table is created by this file');
  const note =
    statement.body.behavior === 'DROP_CASCADE'
      ? ['CASCADE is left out: the plan names what depends on it']
      : [];
  for (const name of tables) push(context, statement.index, { kind: 'drop_table', body: { name } }, ...note);
  for (const name of indexes) push(context, statement.index, { kind: 'drop_index', body: { name } }, ...note);
}

function comment(context: Context, { body, index }: Statement): void {
  const parts = items(child(child(body, 'object'), 'List'), 'items');
  const text = typeof body.comment === 'string' ? body.comment : null;
  if (body.objtype === 'OBJECT_TABLE') {
    const made = context.created.get(inSchema(context, listedName(parts)));
    if (made === undefined || text === null)
      throw new CannotRewrite('operations comment on tables they create');
    made.comment = text;
    return;
  }
  const column = stringOf(parts.at(-1));
  if (body.objtype !== 'OBJECT_COLUMN' || column === null)
    throw new CannotRewrite('operations comment on tables and columns');
  const table = inSchema(context, listedName(parts.slice(0, -1)));
  const key = columnKey(table, column);
  const defined =
    context.added.get(key)?.column ?? context.created.get(table)?.columns.find(({ name }) => name === column);
  if (defined !== undefined) {
    if (text === null) delete defined.comment;
    else defined.comment = text;
    return;
  }
  const altered = context.altered.get(key);
  if (altered !== undefined) {
    altered.comment = text;
    return;
  }
  const made = { table, column, comment: text };
  context.altered.set(key, made);
  push(context, index, { kind: 'alter_column', body: made });
}

/** UPDATE t SET new = f(old): how the rows that stand get the values of a column that this file adds. */
function fill(context: Context, body: Tree): void {
  const table = inSchema(context, relation(child(body, 'relation')));
  const targets = items(body, 'targetList').map((one) => child(one, 'ResTarget'));
  const [target] = targets;
  const column = typeof target?.name === 'string' ? target.name : '';
  const value = child(target, 'val');
  const added = context.added.get(columnKey(table, column));
  const where = child(body, 'whereClause');
  const test = child(where, 'NullTest');
  const whole =
    where === undefined ||
    (test?.nulltesttype === 'IS_NULL' &&
      notNullColumn({ NullTest: { ...test, nulltesttype: 'IS_NOT_NULL' } }) === column);
  const simple =
    targets.length === 1 &&
    whole &&
    items(body, 'fromClause').length === 0 &&
    items(body, 'returningList').length === 0;
  if (added === undefined || value === undefined || !simple || columnsIn(value).includes(column))
    throw new CannotRewrite(
      'rows are changed by the up and down of a column, one column that this file adds at a time',
    );
  added.up = expressionText(value);
}
