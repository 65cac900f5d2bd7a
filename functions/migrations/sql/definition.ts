import { qualified, quoteIdentifier } from './identifiers.ts';
import {
  child,
  isTree,
  items,
  parseSql,
  printSql,
  rewrite,
  stringNode,
  stringOf,
  type Tree,
  walk,
} from './tree.ts';

/** `from` → `to`, everywhere the definition of something on one table names the column. */
export interface ColumnChange {
  from: string;
  to: string;
}

/** The parsed statement of pg_get_indexdef. Throws Error when it is not one. */
async function indexStatement(definition: string): Promise<Tree> {
  const [only] = await parseSql(definition);
  const index = child(only?.statement, 'IndexStmt');
  if (index === undefined) throw new Error(`Not the definition of an index: ${definition}`);
  return index;
}

async function constraintStatement(definition: string): Promise<Tree> {
  const [only] = await parseSql(`ALTER TABLE t ADD CONSTRAINT c ${definition}`);
  const command = items(child(only?.statement, 'AlterTableStmt'), 'cmds')[0];
  const constraint = child(child(child(command, 'AlterTableCmd'), 'def'), 'Constraint');
  if (constraint === undefined) throw new Error(`Not the definition of a constraint: ${definition}`);
  return constraint;
}

/** Columns an index reads: its keys, included columns, expressions and predicate. */
export async function indexColumns(
  definition: string,
): Promise<{ columns: string[]; inExpression: string[] }> {
  const index = await indexStatement(definition);
  const columns = new Set<string>();
  const inExpression = new Set<string>();
  for (const element of [...items(index, 'indexParams'), ...items(index, 'indexIncludingParams')]) {
    const name = child(element, 'IndexElem')?.name;
    if (typeof name === 'string') columns.add(name);
  }
  walk([index.indexParams, index.whereClause], (kind, body) => {
    const name = kind === 'ColumnRef' ? stringOf(items(body, 'fields').at(-1)) : null;
    if (name !== null) inExpression.add(name);
    return undefined;
  });
  for (const name of inExpression) columns.add(name);
  return { columns: [...columns], inExpression: [...inExpression] };
}

/** What an index compares, as SQL over its table's columns, and the rows it covers; `where` null: all. */
export async function indexKeys(
  definition: string,
): Promise<{ keys: string[]; where: string | null; nullsDistinct: boolean }> {
  const index = await indexStatement(definition);
  const keys = items(index, 'indexParams').map((element) => {
    const body = child(element, 'IndexElem') ?? {};
    return typeof body.name === 'string' ? quoteIdentifier(body.name) : `(${printExpression(body.expr)})`;
  });
  const { whereClause } = index;
  return {
    keys,
    where: whereClause === undefined ? null : printExpression(whereClause),
    nullsDistinct: index.nulls_not_distinct !== true,
  };
}

function printExpression(node: unknown): string {
  const target = { ResTarget: { val: node } };
  const select = { targetList: [target], limitOption: 'LIMIT_OPTION_DEFAULT', op: 'SETOP_NONE' };
  return printSql({ SelectStmt: select }).replace(/^SELECT\s+/, '');
}

/** CREATE INDEX CONCURRENTLY for a copy of an index under another name with some columns exchanged. */
export async function copyIndex(definition: string, name: string, changes: ColumnChange[]): Promise<string> {
  const index = await indexStatement(definition);
  const renamed = renameColumns(index, changes);
  const elements = (list: unknown) =>
    items({ list }, 'list').map((element) => {
      const body = child(element, 'IndexElem') ?? {};
      return typeof body.name === 'string'
        ? { IndexElem: { ...body, name: changed(body.name, changes) } }
        : element;
    });
  const copy: Tree = {
    ...renamed,
    idxname: name,
    concurrent: true,
    indexParams: elements(renamed.indexParams),
  };
  if (renamed.indexIncludingParams !== undefined)
    copy.indexIncludingParams = elements(renamed.indexIncludingParams);
  return printSql({ IndexStmt: copy });
}

/**
 * ALTER TABLE … ADD CONSTRAINT for a copy of a CHECK, UNIQUE or FOREIGN KEY under another name with some columns
 * exchanged; CHECK and FOREIGN KEY come NOT VALID.
 */
export async function copyConstraint(
  definition: string,
  table: { schema: string; name: string },
  name: string,
  changes: ColumnChange[],
): Promise<string> {
  const constraint = await constraintStatement(definition);
  const renamed = renameColumns(constraint, changes);
  const keys = (list: unknown) =>
    items({ list }, 'list').map((key) => stringNode(changed(stringOf(key) ?? '', changes)));
  const copy: Tree = { ...renamed, conname: name };
  for (const list of ['keys', 'including', 'fk_attrs', 'fk_del_set_cols']) {
    if (renamed[list] !== undefined) copy[list] = keys(renamed[list]);
  }
  if (['CONSTR_CHECK', 'CONSTR_FOREIGN'].includes(String(renamed.contype))) {
    copy.skip_validation = true;
    delete copy.initially_valid;
  }
  const command = {
    AlterTableCmd: { subtype: 'AT_AddConstraint', def: { Constraint: copy }, behavior: 'DROP_RESTRICT' },
  };
  const relation = { schemaname: table.schema, relname: table.name, inh: true, relpersistence: 'p' };
  return printSql({ AlterTableStmt: { relation, cmds: [command], objtype: 'OBJECT_TABLE' } });
}

const changed = (name: string, changes: ColumnChange[]) =>
  changes.find(({ from }) => from === name)?.to ?? name;

function renameColumns(tree: Tree, changes: ColumnChange[]): Tree {
  const renamed = rewrite(tree, (kind, body) => {
    const fields = items(body, 'fields');
    const name = stringOf(fields.at(-1));
    if (kind !== 'ColumnRef' || name === null) return null;
    return { ColumnRef: { ...body, fields: [stringNode(changed(name, changes))] } };
  });
  return isTree(renamed) ? renamed : tree;
}

/** CREATE INDEX CONCURRENTLY of the same index under a name, by its own definition's text. */
export function rebuildIndex(definition: string, name: string, as: string): string {
  const rest = definition.replace(/^CREATE (UNIQUE )?INDEX /, '');
  const named = [quoteIdentifier(name), name].find((form) => rest.startsWith(`${form} ON `));
  if (named === undefined) throw new Error(`Not the definition of index ${name}: ${definition}`);
  const unique = definition.startsWith('CREATE UNIQUE ') ? 'UNIQUE ' : '';
  return `CREATE ${unique}INDEX CONCURRENTLY ${quoteIdentifier(as)}${rest.slice(named.length)}`;
}

/** ALTER TABLE … ADD CONSTRAINT … NOT VALID of the same CHECK or FOREIGN KEY, by its own definition's text. */
export function restoreConstraint(
  definition: string,
  table: { schema: string; name: string },
  name: string,
): string {
  const text = definition.replace(/ NOT VALID$/, '');
  return `ALTER TABLE ${qualified(table.schema, table.name)} ADD CONSTRAINT ${quoteIdentifier(name)} ${text} NOT VALID`;
}
