import type { OperationOf } from '../file/schema.ts';
import { type Command, commandsOf, definedColumns } from '../lint/alterations.ts';
import type { Statement } from '../lint/statements.ts';
import { quoteIdentifier } from '../sql/identifiers.ts';
import { child, items, type Tree } from '../sql/tree.ts';
import { alterColumn } from './alter-column.ts';
import { fileColumn } from './column.ts';
import { createConstraint } from './constraint.ts';
import { type Context, columnKey, inSchema, push, standing } from './context.ts';
import { CannotRewrite, statementText } from './sql-text.ts';

/** ALTER TABLE, clause by clause; clauses without a counterpart stay SQL. Throws CannotRewrite when none can be told from the others. */
export function alterTable(context: Context, statement: Statement): void {
  const clauses = items(statement.body, 'cmds');
  const commands = commandsOf(statement);
  if (commands.length !== clauses.length) throw new CannotRewrite('operations change tables only');
  for (const [at, command] of commands.entries()) {
    const [clause] = clauses.slice(at, at + 1);
    if (clause === undefined) continue;
    try {
      clauseOf(context, command, { ...statement, body: { ...statement.body, cmds: [clause] } });
    } catch (error) {
      if (!(error instanceof CannotRewrite)) throw error;
      const alone = commands.length === 1 ? statement.text : clauseText(statement, clause);
      push(context, statement.index, { kind: 'sql', body: { up: alone } }, `stays SQL: ${error.message}`);
    }
  }
}

const clauseText = ({ kind, body }: Statement, clause: Tree): string =>
  statementText(kind, { ...body, cmds: [clause] });

function clauseOf(context: Context, command: Command, statement: Statement): void {
  const table = inSchema(context, command.table);
  const { subtype, name } = command;
  switch (subtype) {
    case 'AT_AddColumn':
      addColumn(context, table, statement);
      return;
    case 'AT_DropColumn':
      dropColumn(context, table, command, statement.index);
      return;
    case 'AT_AddConstraint':
      addConstraint(context, table, command, statement.index);
      return;
    case 'AT_ValidateConstraint':
      if (created(context, table, name) === undefined)
        throw new CannotRewrite(`"${name ?? ''}" was not added by this file`);
      return;
    case 'AT_DropConstraint':
      dropConstraint(context, table, command, statement.index);
      return;
    case 'AT_ReplicaIdentity':
      replicaIdentity(context, table, command, statement.index);
      return;
    default:
      alterColumn(context, table, command, statement.index);
      return;
  }
}

function addColumn(context: Context, table: string, statement: Statement): void {
  const [defined] = definedColumns(statement);
  if (defined === undefined) throw new CannotRewrite('it names no column');
  const { column, constraints } = fileColumn(context, table, defined);
  const made = context.created.get(table);
  if (made !== undefined) {
    made.columns.push(column);
    if (constraints.length > 0) made.constraints = [...(made.constraints ?? []), ...constraints];
    return;
  }
  const unfit =
    column.pk === true ||
    column.generated !== undefined ||
    /^(small|big)?serial/.test(column.type) ||
    constraints.length > 0;
  if (unfit)
    throw new CannotRewrite(
      'add_column has no primary key, serial, identity or generated column, and no named UNIQUE',
    );
  const body: OperationOf<'add_column'> = { table, column };
  const required = column.nullable !== true && column.default === undefined;
  if (required) body.up = 'NULL';
  context.added.set(columnKey(table, column.name), body);
  const note = `review up: "${column.name}" is NOT NULL, and nothing gives the rows that stand a value; NULL is refused as soon as there is one`;
  push(context, statement.index, { kind: 'add_column', body }, ...(required ? [note] : []));
}

function dropColumn(
  context: Context,
  table: string,
  { name: column, cascade }: Command,
  statement: number,
): void {
  if (column === null || context.created.has(table) || context.added.has(columnKey(table, column)))
    throw new CannotRewrite('the column is added by this file');
  const known = standing(context, table)?.columns.find(({ name }) => name === column);
  const needed = known?.notNull === true && known.default === null;
  const notes = [
    ...(known === undefined
      ? [
          `review: when "${column}" is NOT NULL without a default, give down: what old clients see in rows that new ones write`,
        ]
      : needed
        ? [
            `review down: "${column}" is NOT NULL without a default; NULL is refused: give what old clients see in rows that new ones write`,
          ]
        : []),
    ...(cascade ? [`CASCADE is left out: the plan names what depends on "${column}"`] : []),
  ];
  const body = { table, column, ...(needed ? { down: 'NULL' } : {}) };
  push(context, statement, { kind: 'drop_column', body }, ...notes);
}

const created = (context: Context, table: string, name: string | null) =>
  context.entries.find(
    ({ operation }) =>
      operation.kind === 'create_constraint' &&
      operation.body.table === table &&
      operation.body.name === name,
  );

function addConstraint(context: Context, table: string, { definition }: Command, statement: number): void {
  const body = child(definition, 'Constraint') ?? {};
  if (typeof body.indexname === 'string') {
    fromIndex(context, table, body, statement);
    return;
  }
  if (body.contype === 'CONSTR_NOTNULL')
    throw new CannotRewrite('SET NOT NULL says the same and is rewritten');
  push(context, statement, { kind: 'create_constraint', body: createConstraint(context, table, body) });
}

/** ADD CONSTRAINT … USING INDEX, when this file builds the index: the operation builds it itself. */
function fromIndex(context: Context, table: string, body: Tree, statement: number): void {
  const at = context.entries.findIndex(
    ({ operation }) => operation.kind === 'create_index' && operation.body.name === body.indexname,
  );
  const index = context.entries[at]?.operation;
  if (index?.kind !== 'create_index') throw new CannotRewrite('the index was not built by this file');
  const columns = index.body.columns.map(({ column }) => column);
  const type = body.contype === 'CONSTR_PRIMARY' ? 'primary_key' : 'unique';
  const name = typeof body.conname === 'string' && body.conname !== '' ? body.conname : index.body.name;
  context.entries.splice(at, 1);
  push(context, statement, {
    kind: 'create_constraint',
    body: { table, name, type, columns, up: {}, down: {} },
  });
}

function dropConstraint(context: Context, table: string, { name }: Command, statement: number): void {
  if (name === null) throw new CannotRewrite('it names no constraint');
  const own = created(context, table, name);
  if (own !== undefined) {
    context.entries.splice(context.entries.indexOf(own), 1);
    return;
  }
  const known = standing(context, table)?.constraints.find((one) => one.name === name);
  if (known === undefined || known.columns.length === 0)
    throw new CannotRewrite(`the columns of "${name}" are not known; --database tells`);
  const down = Object.fromEntries(known.columns.map((column) => [column, quoteIdentifier(column)]));
  const note = `review down: until contract old clients keep "${name}"; what new clients write against it is refused unless down makes it fit`;
  push(context, statement, { kind: 'drop_multicolumn_constraint', body: { table, name, down } }, note);
}

const identities: Record<string, string> = { d: 'default', f: 'full', n: 'nothing', i: 'index' };

function replicaIdentity(context: Context, table: string, { definition }: Command, statement: number): void {
  const body = child(definition, 'ReplicaIdentityStmt');
  const type = identities[String(body?.identity_type)];
  if (type === undefined || context.created.has(table))
    throw new CannotRewrite('operations have no such clause');
  const index = typeof body?.name === 'string' ? body.name : '';
  push(context, statement, { kind: 'set_replica_identity', body: { table, identity: { type, index } } });
}
