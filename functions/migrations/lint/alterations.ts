import { child, items, stringOf, type Tree } from '../sql/tree.ts';
import type { Statement } from './statements.ts';

/** A relation as a statement names it; schema null when it does not say one. */
export interface Name {
  schema: string | null;
  name: string;
}

/** One clause of ALTER TABLE. */
export interface Command {
  table: Name;
  /** The parser's name, for example `AT_AddColumn`. */
  subtype: string;
  /** The column or constraint it speaks of, or null. */
  name: string | null;
  /** Its definition with the wrapper that names its kind, for example `{ ColumnDef: {…} }`. */
  definition: Tree | undefined;
  cascade: boolean;
  missingOk: boolean;
}

/** A column as CREATE TABLE or ADD COLUMN defines it. */
export interface DefinedColumn {
  table: Name;
  column: string;
  node: Tree;
  /** Last part of the type's name as the catalogue has it, for example `int4`; arrays end in `[]`. */
  type: string;
  constraints: Tree[];
  /** The table stands already. */
  added: boolean;
}

/** A constraint given to a table that stands: by ADD CONSTRAINT, or with a new column. */
export interface AddedConstraint {
  table: Name;
  /** For example `CONSTR_FOREIGN`. */
  type: string;
  name: string | null;
  body: Tree;
  /** The new column it came with, or null. */
  column: string | null;
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** The name in a RangeVar's body. */
export function relation(node: Tree | undefined): Name | null {
  const name = text(node?.relname);
  return name === null ? null : { schema: text(node?.schemaname), name };
}

/** The name in a list of String nodes such as DROP has them: the last part, and the one before. */
export function listedName(parts: Tree[]): Name | null {
  const words = parts.map(stringOf);
  const name = words.at(-1);
  return name == null ? null : { schema: words.at(-2) ?? null, name };
}

/** The clauses of an ALTER TABLE; empty for other statements and other kinds of relation. */
export function commandsOf({ kind, body }: Statement): Command[] {
  const table = relation(child(body, 'relation'));
  if (kind !== 'AlterTableStmt' || table === null || body.objtype !== 'OBJECT_TABLE') return [];
  return items(body, 'cmds').flatMap((one) => {
    const command = child(one, 'AlterTableCmd');
    const subtype = text(command?.subtype);
    if (command === undefined || subtype === null) return [];
    return [
      {
        table,
        subtype,
        name: text(command.name),
        definition: child(command, 'def'),
        cascade: command.behavior === 'DROP_CASCADE',
        missingOk: command.missing_ok === true,
      },
    ];
  });
}

/** Last part of a type's name in the catalogue's spelling; arrays end in `[]`. */
export function typeBase(typeName: Tree | undefined): string {
  const base = stringOf(items(typeName, 'names').at(-1)) ?? '';
  return items(typeName, 'arrayBounds').length > 0 ? `${base}[]` : base;
}

const constraintsIn = (list: Tree[]): Tree[] =>
  list.map((one) => child(one, 'Constraint')).filter((body) => body !== undefined);

function defined(table: Name, node: Tree, added: boolean): DefinedColumn {
  return {
    table,
    column: text(node.colname) ?? '',
    node,
    type: typeBase(child(node, 'typeName')),
    constraints: constraintsIn(items(node, 'constraints')),
    added,
  };
}

/** The columns a statement defines: of a new table, or added to one that stands. */
export function definedColumns(statement: Statement): DefinedColumn[] {
  if (statement.kind === 'CreateStmt') {
    const table = relation(child(statement.body, 'relation'));
    if (table === null) return [];
    return items(statement.body, 'tableElts').flatMap((element) => {
      const node = child(element, 'ColumnDef');
      return node === undefined ? [] : [defined(table, node, false)];
    });
  }
  return commandsOf(statement).flatMap(({ table, subtype, definition }) => {
    const node = child(definition, 'ColumnDef');
    return subtype === 'AT_AddColumn' && node !== undefined ? [defined(table, node, true)] : [];
  });
}

/** The constraints a statement gives to a table that stands. */
export function addedConstraints(statement: Statement): AddedConstraint[] {
  const alone = commandsOf(statement).flatMap(({ table, subtype, definition }) => {
    const body = child(definition, 'Constraint');
    return subtype === 'AT_AddConstraint' && body !== undefined ? [constraint(table, body, null)] : [];
  });
  const inline = definedColumns(statement)
    .filter(({ added }) => added)
    .flatMap(({ table, column, constraints }) => constraints.map((body) => constraint(table, body, column)));
  return [...alone, ...inline];
}

const constraint = (table: Name, body: Tree, column: string | null): AddedConstraint => ({
  table,
  type: text(body.contype) ?? '',
  name: text(body.conname),
  body,
  column,
});

/** What a DROP names, when it drops this kind, for example `OBJECT_TABLE`. */
export function droppedNames({ kind, body }: Statement, type: string): Name[] {
  if (kind !== 'DropStmt' || body.removeType !== type) return [];
  return items(body, 'objects').flatMap((object) => {
    const list = child(object, 'List');
    const typeName = child(object, 'TypeName');
    const parts = list === undefined ? items(typeName, 'names') : items(list, 'items');
    return listedName(parts.length > 0 ? parts : [object]) ?? [];
  });
}

/** The column that `<column> IS NOT NULL` is about, or null for any other expression. */
export function notNullColumn(expression: Tree | undefined): string | null {
  const test = child(expression, 'NullTest');
  if (test?.nulltesttype !== 'IS_NOT_NULL') return null;
  const fields = items(child(child(test, 'arg'), 'ColumnRef'), 'fields');
  return stringOf(fields.at(-1));
}

/** Whether an option such as FULL or CONCURRENTLY is given and not switched off. */
export function hasOption(list: Tree[], name: string): boolean {
  return list.some((one) => {
    const option = child(one, 'DefElem');
    if (option?.defname !== name) return false;
    const given =
      child(child(option, 'arg'), 'String')?.sval ?? child(child(option, 'arg'), 'Boolean')?.boolval;
    return given === undefined || !['false', 'off', '0', 'no', false].includes(given as string | boolean);
  });
}
