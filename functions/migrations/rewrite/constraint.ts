import type { ForeignKeyReference, OperationOf, TableConstraint } from '../file/schema.ts';
import { relation } from '../lint/alterations.ts';
import { child, items, type Tree } from '../sql/tree.ts';
import { type Context, inSchema, standing, usualName } from './context.ts';
import { CannotRewrite, columnsIn, expressionText, stringsOf } from './sql-text.ts';

const actions: Record<string, string> = { r: 'RESTRICT', c: 'CASCADE', n: 'SET NULL', d: 'SET DEFAULT' };
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** The table and columns a foreign key points to. Columns that are not said are those of the other table's primary key. */
function target(context: Context, body: Tree): { table: string; columns: string[] } {
  const table = inSchema(context, relation(child(body, 'pktable')));
  const given = stringsOf(body, 'pk_attrs');
  if (given.length > 0) return { table, columns: given };
  const created = context.created.get(table);
  const own = created?.columns.filter(({ pk }) => pk === true).map(({ name }) => name) ?? [];
  const named = created?.constraints?.find(({ type }) => type === 'primary_key')?.columns ?? [];
  const known =
    standing(context, table)?.constraints.find(({ type }) => type === 'primary_key')?.columns ?? [];
  const columns = [own, named, known].find((list) => list.length > 0);
  if (columns === undefined)
    throw new CannotRewrite(
      `which columns of "${table}" the foreign key points to is not said; --database tells`,
    );
  return { table, columns };
}

function options(body: Tree) {
  const onDelete = actions[String(body.fk_del_action)];
  const onUpdate = actions[String(body.fk_upd_action)];
  return {
    ...(body.fk_matchtype === 'f' ? { match_type: 'FULL' } : {}),
    ...(onDelete === undefined ? {} : { on_delete: onDelete }),
    ...(onUpdate === undefined ? {} : { on_update: onUpdate }),
  };
}

const deferral = (body: Tree) => ({
  ...(body.deferrable === true ? { deferrable: true } : {}),
  ...(body.initdeferred === true ? { initially_deferred: true } : {}),
});

/** A foreign key of one column, as a column of a file has it. */
export function columnReference(
  context: Context,
  table: string,
  column: string,
  body: Tree,
): ForeignKeyReference {
  const { table: other, columns } = target(context, body);
  const [only, second] = columns;
  if (only === undefined || second !== undefined)
    throw new CannotRewrite('the foreign key needs several columns');
  const name = text(body.conname) ?? usualName(table, [column], 'fkey');
  return { column: only, name, table: other, ...options(body), ...deferral(body) };
}

/** A table's constraint as create_table has it. Throws CannotRewrite. */
export function tableConstraint(context: Context, table: string, body: Tree): TableConstraint {
  if (body.is_enforced === false && ['CONSTR_CHECK', 'CONSTR_FOREIGN'].includes(String(body.contype)))
    if (body.skip_validation !== true) throw new CannotRewrite('operations have no NOT ENFORCED');
  const keys = stringsOf(body, 'keys');
  const given = text(body.conname);
  const included = stringsOf(body, 'including');
  const indexed = {
    columns: keys,
    ...(body.nulls_not_distinct === true ? { nulls_not_distinct: true } : {}),
    ...(included.length === 0 ? {} : { index_parameters: { include_columns: included } }),
    ...deferral(body),
  };
  if (body.without_overlaps === true || items(body, 'options').length > 0 || body.indexspace !== undefined)
    throw new CannotRewrite('the index of the constraint has options that operations do not have');
  switch (body.contype) {
    case 'CONSTR_PRIMARY':
      return { name: given ?? usualName(table, [], 'pkey'), type: 'primary_key', ...indexed };
    case 'CONSTR_UNIQUE':
      return { name: given ?? usualName(table, keys, 'key'), type: 'unique', ...indexed };
    case 'CONSTR_CHECK': {
      const expression = child(body, 'raw_expr');
      if (expression === undefined) throw new CannotRewrite('the CHECK has no expression');
      const columns = columnsIn(expression);
      const name = given ?? usualName(table, columns.length === 1 ? columns : [], 'check');
      return {
        name,
        type: 'check',
        check: expressionText(expression),
        ...(body.is_no_inherit === true ? { no_inherit: true } : {}),
      };
    }
    case 'CONSTR_FOREIGN': {
      const columns = stringsOf(body, 'fk_attrs');
      const set = stringsOf(body, 'fk_del_set_cols');
      return {
        name: given ?? usualName(table, columns, 'fkey'),
        type: 'foreign_key',
        columns,
        references: {
          ...target(context, body),
          ...options(body),
          ...(set.length === 0 ? {} : { on_delete_set_columns: set }),
        },
        ...deferral(body),
      };
    }
    default:
      throw new CannotRewrite('operations have no such constraint');
  }
}

/** ADD CONSTRAINT on a table, as an operation of its own. Throws CannotRewrite. */
export function createConstraint(
  context: Context,
  table: string,
  body: Tree,
): OperationOf<'create_constraint'> {
  const made = tableConstraint(context, table, body);
  if (made.deferrable === true || made.initially_deferred === true)
    throw new CannotRewrite('create_constraint has no DEFERRABLE');
  if (made.nulls_not_distinct === true)
    throw new CannotRewrite('create_constraint has no NULLS NOT DISTINCT');
  const columns = made.columns ?? columnsIn(child(body, 'raw_expr'));
  return {
    table,
    name: made.name,
    type: made.type,
    columns,
    ...(made.check === undefined ? {} : { check: made.check }),
    ...(made.no_inherit === undefined ? {} : { no_inherit: made.no_inherit }),
    ...(made.index_parameters === undefined ? {} : { index_parameters: made.index_parameters }),
    ...(made.references === undefined ? {} : { references: made.references }),
    up: {},
    down: {},
  };
}
