import { child, items, printSql, stringOf, type Tree, walk } from '../sql/tree.ts';

/** A statement or clause that has no counterpart among the operations; the message says why. */
export class CannotRewrite extends Error {}

const select = (val: Tree): Tree => ({
  SelectStmt: { targetList: [{ ResTarget: { val } }], limitOption: 'LIMIT_OPTION_DEFAULT', op: 'SETOP_NONE' },
});

function printed(statement: Tree): string {
  try {
    return printSql(statement);
  } catch {
    throw new CannotRewrite('an expression in it cannot be printed with certainty');
  }
}

/** SQL of an expression. Throws CannotRewrite when it cannot be printed with certainty. */
export const expressionText = (node: Tree): string => printed(select(node)).slice('SELECT '.length);

/** SQL of a statement. Throws CannotRewrite when it cannot be printed with certainty. */
export const statementText = (kind: string, body: Tree): string => printed({ [kind]: body });

/** SQL of a type's name. Throws CannotRewrite when it cannot be printed with certainty. */
export function typeText(typeName: Tree | undefined): string {
  if (typeName === undefined) throw new CannotRewrite('it names no type');
  const cast = { TypeCast: { arg: { ColumnRef: { fields: [{ String: { sval: 'c' } }] } }, typeName } };
  const match = /^(?:c::(?<short>.+)|CAST\(c AS (?<long>.+)\))$/s.exec(expressionText(cast));
  const type = match?.groups?.short ?? match?.groups?.long;
  if (type === undefined) throw new CannotRewrite('its type cannot be printed with certainty');
  return type;
}

/** Columns an expression names, in order, each once; of a qualified name the last part. */
export function columnsIn(node: Tree | undefined): string[] {
  const names = new Set<string>();
  walk(node, (kind, body) => {
    const name = kind === 'ColumnRef' ? stringOf(items(body, 'fields').at(-1)) : null;
    if (name !== null) names.add(name);
    return undefined;
  });
  return [...names];
}

/** The strings of a list of String nodes. */
export const stringsOf = (node: Tree | undefined, key: string): string[] =>
  items(node, key)
    .map(stringOf)
    .filter((text) => text !== null);

/** The body of the only `{ Kind: {…} }` under `key`. */
export const bodyUnder = (node: Tree | undefined, key: string, kind: string): Tree | undefined =>
  child(child(node, key), kind);
