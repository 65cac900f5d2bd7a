import { child, items, stringOf, type Tree } from '../sql/tree.ts';
import {
  addedConstraints,
  commandsOf,
  definedColumns,
  droppedNames,
  type Name,
  notNullColumn,
  relation,
} from './alterations.ts';
import { locksOf } from './locks.ts';
import { columnKey, isNew, keyOf, type State } from './state.ts';
import type { Statement } from './statements.ts';

/** Takes in what a statement did, for the rules that look at the next ones. Changes `state`. */
export function advance(state: State, statement: Statement): void {
  const { kind, body } = statement;
  if (kind === 'TransactionStmt') transaction(state, statement);
  if (kind === 'VariableSetStmt') timeout(state, body);
  if (kind === 'SelectStmt') configured(state, body);
  if (kind === 'CreateStmt') created(state, relation(child(body, 'relation')));
  if (kind === 'CreateTableAsStmt') created(state, relation(child(child(body, 'into'), 'rel')));
  if (kind === 'IndexStmt') indexed(state, body);
  if (kind === 'RenameStmt') renamed(state, body);
  for (const table of droppedNames(statement, 'OBJECT_TABLE')) state.created.delete(keyOf(state, table));
  for (const { table, column, added } of definedColumns(statement))
    if (added) state.added.add(columnKey(state, table, column));
  constraints(state, statement);
  hold(state, statement);
}

function transaction(state: State, { body, index }: Statement): void {
  if (body.kind === 'TRANS_STMT_BEGIN' || body.kind === 'TRANS_STMT_START') {
    state.transactions += 1;
    state.transaction ??= { id: state.transactions, explicit: true, begun: index, held: [] };
  }
  // A runner's own transaction ends as well when the file says COMMIT.
  if (['TRANS_STMT_COMMIT', 'TRANS_STMT_ROLLBACK', 'TRANS_STMT_PREPARE'].includes(String(body.kind)))
    state.transaction = null;
}

function timeout(state: State, body: Tree): void {
  const value = child(items(body, 'args')[0], 'A_Const');
  const text = child(value, 'sval')?.sval;
  const number = child(value, 'ival');
  const off =
    body.kind !== 'VAR_SET_VALUE' ||
    (number !== undefined && (number.ival ?? 0) === 0) ||
    (typeof text === 'string' && /^0\s*\w*$/.test(text.trim()));
  if (body.name === 'lock_timeout') state.timeouts.lock = !off;
  if (body.name === 'statement_timeout') state.timeouts.statement = !off;
}

/** SELECT set_config('lock_timeout', …). */
function configured(state: State, body: Tree): void {
  for (const target of items(body, 'targetList')) {
    const call = child(child(child(target, 'ResTarget'), 'val'), 'FuncCall');
    if (stringOf(items(call, 'funcname').at(-1)) !== 'set_config') continue;
    const [name, value] = items(call, 'args').map((one) => child(child(one, 'A_Const'), 'sval')?.sval);
    const on = typeof value === 'string' && !/^0\s*\w*$/.test(value.trim());
    if (name === 'lock_timeout') state.timeouts.lock = on;
    if (name === 'statement_timeout') state.timeouts.statement = on;
  }
}

function created(state: State, table: Name | null): void {
  if (table === null) return;
  // With IF NOT EXISTS the table may stand already; when the database says so, it is not new.
  const known = state.snapshot?.tables.some(({ name }) => name === table.name) === true;
  if (!known || (table.schema ?? state.schema) !== state.snapshot?.schema)
    state.created.add(keyOf(state, table));
}

function indexed(state: State, body: Tree): void {
  const table = relation(child(body, 'relation'));
  if (table === null || typeof body.idxname !== 'string') return;
  state.indexes.set(keyOf(state, { schema: table.schema, name: body.idxname }), keyOf(state, table));
}

function renamed(state: State, body: Tree): void {
  const from = relation(child(body, 'relation'));
  if (body.renameType !== 'OBJECT_TABLE' || from === null || typeof body.newname !== 'string') return;
  if (!state.created.delete(keyOf(state, from))) return;
  state.created.add(keyOf(state, { schema: from.schema, name: body.newname }));
}

function constraints(state: State, statement: Statement): void {
  const transactionId = state.transaction?.id ?? null;
  for (const { table, name, type, body } of addedConstraints(statement)) {
    const keys = items(body, 'keys').map(stringOf);
    const column = type === 'CONSTR_CHECK' ? notNullColumn(child(body, 'raw_expr')) : (keys[0] ?? null);
    if (body.skip_validation === true && name !== null)
      state.notValid.set(columnKey(state, table, name), { column, transaction: transactionId });
    else if (type === 'CONSTR_CHECK' && column !== null) state.proven.add(columnKey(state, table, column));
  }
  for (const { table, subtype, name } of commandsOf(statement)) {
    if (name === null) continue;
    const key = columnKey(state, table, name);
    if (subtype === 'AT_ValidateConstraint') {
      const column = state.notValid.get(key)?.column;
      if (column != null) state.proven.add(columnKey(state, table, column));
    }
    if (subtype === 'AT_DropNotNull') state.proven.delete(key);
  }
}

function hold(state: State, statement: Statement): void {
  if (state.transaction === null) return;
  for (const { table, mode } of locksOf(statement, state)) {
    if (isNew(state, table)) continue;
    state.transaction.held.push({ table: keyOf(state, table), mode, statement: statement.index });
  }
}
