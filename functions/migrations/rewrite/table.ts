import type { OperationOf, TableConstraint } from '../file/schema.ts';
import { definedColumns, relation } from '../lint/alterations.ts';
import type { Statement } from '../lint/statements.ts';
import { child, items, stringOf } from '../sql/tree.ts';
import { fileColumn } from './column.ts';
import { tableConstraint } from './constraint.ts';
import { type Context, inSchema, usualName } from './context.ts';
import { CannotRewrite, expressionText } from './sql-text.ts';

const plainTable = new Set(['relation', 'tableElts', 'oncommit', 'if_not_exists']);

/** CREATE TABLE. Throws CannotRewrite for partitions, inheritance, LIKE, storage and temporary tables. */
export function createTable(context: Context, statement: Statement): OperationOf<'create_table'> {
  const { body } = statement;
  const strange = Object.keys(body).find((key) => !plainTable.has(key));
  const node = child(body, 'relation');
  if (strange !== undefined || node?.relpersistence !== 'p')
    throw new CannotRewrite(
      'create_table makes plain tables: no partitions, inheritance, storage options or temporary tables',
    );
  const name = inSchema(context, relation(node));
  const made: OperationOf<'create_table'> = { name, columns: [] };
  // Foreign keys may point to the table itself.
  const inner = { ...context, created: new Map([...context.created, [name, made]]) };
  const constraints: TableConstraint[] = [];
  const bodies = items(body, 'tableElts').map((element) => child(element, 'Constraint'));
  for (const column of definedColumns(statement)) {
    const { column: one, constraints: more } = fileColumn(inner, name, column);
    made.columns.push(one);
    constraints.push(...more);
  }
  if (
    made.columns.length + bodies.filter((one) => one !== undefined).length !==
    items(body, 'tableElts').length
  )
    throw new CannotRewrite('create_table has no LIKE');
  // The primary key first: a foreign key to the table itself may mean its columns.
  const ordered = bodies
    .filter((one) => one !== undefined)
    .toSorted((a, b) => Number(b.contype === 'CONSTR_PRIMARY') - Number(a.contype === 'CONSTR_PRIMARY'));
  for (const one of ordered) {
    constraints.push(tableConstraint(inner, name, one));
    made.constraints = constraints;
  }
  if (constraints.length > 0) made.constraints = constraints;
  for (const { type, columns = [] } of constraints)
    if (type === 'primary_key')
      for (const column of made.columns) if (columns.includes(column.name)) delete column.nullable;
  return made;
}

const plainIndex = new Set([
  'idxname',
  'relation',
  'accessMethod',
  'indexParams',
  'whereClause',
  'unique',
  'concurrent',
  'if_not_exists',
]);
const sorts: Record<string, string> = { SORTBY_ASC: 'ASC', SORTBY_DESC: 'DESC' };
const nulls: Record<string, string> = { SORTBY_NULLS_FIRST: 'FIRST', SORTBY_NULLS_LAST: 'LAST' };

/** CREATE INDEX over columns. Throws CannotRewrite for expressions, INCLUDE, NULLS NOT DISTINCT and options. */
export function createIndex(context: Context, { body }: Statement): OperationOf<'create_index'> {
  const table = inSchema(context, relation(child(body, 'relation')));
  const strange = Object.keys(body).find((key) => !plainIndex.has(key));
  if (strange !== undefined)
    throw new CannotRewrite('create_index has no INCLUDE, WITH, TABLESPACE or NULLS NOT DISTINCT');
  const columns = items(body, 'indexParams').map((param) => {
    const element = child(param, 'IndexElem');
    if (typeof element?.name !== 'string')
      throw new CannotRewrite('create_index takes columns, not expressions');
    const opclass = items(element, 'opclass').map(stringOf).join('.');
    const collation = items(element, 'collation').map(stringOf).join('.');
    const sort = sorts[String(element.ordering)];
    const order = nulls[String(element.nulls_ordering)];
    if (items(element, 'opclassopts').length > 0)
      throw new CannotRewrite('create_index has no options of operator classes');
    return {
      column: element.name,
      ...(collation === '' ? {} : { collate: collation }),
      ...(sort === undefined ? {} : { sort }),
      ...(order === undefined ? {} : { nulls: order }),
      ...(opclass === '' ? {} : { opclass: { name: opclass } }),
    };
  });
  const names = columns.map(({ column }) => column);
  const predicate = child(body, 'whereClause');
  return {
    name:
      typeof body.idxname === 'string' && body.idxname !== '' ? body.idxname : usualName(table, names, 'idx'),
    table,
    columns,
    ...(body.unique === true ? { unique: true } : {}),
    ...(typeof body.accessMethod === 'string' && body.accessMethod !== 'btree'
      ? { method: body.accessMethod }
      : {}),
    ...(predicate === undefined ? {} : { predicate: expressionText(predicate) }),
  };
}
