import { setFlagsFromString } from 'node:v8';

/** A node of the parser's tree as plain JSON; its shape is PostgreSQL's own, too wide to type usefully. */
export type Tree = { [key: string]: unknown };

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The tree under `key`, or undefined. */
export function child(node: Tree | undefined, key: string): Tree | undefined {
  const value = node?.[key];
  return isTree(value) ? value : undefined;
}

/** The list under `key`; empty when there is none. */
export function items(node: Tree | undefined, key: string): Tree[] {
  const value = node?.[key];
  return Array.isArray(value) ? value.filter(isTree) : [];
}

/** The text of a `{ String: { sval } }` node, or null. */
export function stringOf(node: Tree | undefined): string | null {
  const text = child(node, 'String')?.sval;
  return typeof text === 'string' ? text : null;
}

export const stringNode = (sval: string): Tree => ({ String: { sval } });

/** Loaded when something is parsed: half a hundred milliseconds that most functions and commands never need. */
type Parser = typeof import('pgsql-parser');
let loading: Promise<Parser> | undefined;
let loaded: Parser | undefined;

function parser(): Parser {
  if (loaded === undefined) throw new Error('Expected parseSql to have run before');
  return loaded;
}

/**
 * The parser stays as V8 compiles it at first. PostgreSQL's grammar is one function of 100 kB: V8's optimising compiler
 * takes half a second and 600 MB for it, a process cannot end meanwhile, and no migration is long enough to win that back.
 */
async function loadParser(): Promise<Parser> {
  for (const flag of ['--no-wasm-dynamic-tiering', '--no-wasm-tier-up']) setFlagsFromString(flag);
  const module = await import('pgsql-parser');
  await module.loadModule();
  return module;
}

/** Parses SQL with PostgreSQL's own grammar. Throws the parser's SqlError. */
export async function parseSql(sql: string): Promise<{ statement: Tree; start: number; end: number }[]> {
  loading ??= loadParser();
  loaded = await loading;
  return statementsOf(sql);
}

function statementsOf(sql: string) {
  const { stmts } = parser().parseSync(sql);
  return (stmts ?? []).flatMap((raw) => {
    if (!isTree(raw.stmt)) return [];
    const start = raw.stmt_location ?? 0;
    return [
      { statement: raw.stmt, start, end: raw.stmt_len ? start + raw.stmt_len : Buffer.byteLength(sql) },
    ];
  });
}

/** Offset in characters (from 0) at which the parser stopped, when the error says so. */
export function parseErrorOffset(error: unknown): number | null {
  const details =
    isTree(error) || error instanceof Error ? (error as { sqlDetails?: unknown }).sqlDetails : undefined;
  return isTree(details) && typeof details.cursorPosition === 'number' ? details.cursorPosition : null;
}

/**
 * SQL of one statement. Only after parseSql has run once. Throws Error when the printed SQL does not read back
 * as the same tree: the printer is not PostgreSQL's own, so it is never trusted unchecked.
 */
export function printSql(statement: Tree): string {
  // The printer wants its own Node type; the tree came from the same parser.
  const sql = parser().deparseSync(statement as Parameters<Parser['deparseSync']>[0], { pretty: false });
  if (!readsAs(sql, statement)) throw new Error(`The SQL cannot be rewritten with certainty: ${sql}`);
  return sql;
}

/** Whether the SQL is one statement and parses to this tree. Only after parseSql has run once. */
export function readsAs(sql: string, statement: Tree): boolean {
  try {
    const [only, second] = statementsOf(sql);
    return second === undefined && only !== undefined && shape(only.statement) === shape(statement);
  } catch {
    return false;
  }
}

const positional = new Set([
  'location',
  'stmt_location',
  'stmt_len',
  'list_start',
  'list_end',
  'rexpr_list_start',
  'rexpr_list_end',
  'name_location',
]);

/** The tree as text without positions, for comparing. */
function shape(node: unknown): string {
  return JSON.stringify(node, (key, value: unknown) => {
    if (positional.has(key)) return undefined;
    if (!isTree(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Calls `visit` for every node `{ Kind: {...} }` below; returning false keeps it from going deeper. */
export function walk(node: unknown, visit: (kind: string, body: Tree) => boolean | undefined): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
    return;
  }
  if (!isTree(node)) return;
  for (const [key, value] of Object.entries(node)) {
    const isNode = /^[A-Z]/.test(key) && isTree(value);
    if (isNode && visit(key, value) === false) continue;
    walk(value, visit);
  }
}

/** A copy in which `replace` may give another tree for any node `{ Kind: {...} }`. */
export function rewrite(node: unknown, replace: (kind: string, body: Tree) => Tree | null): unknown {
  if (Array.isArray(node)) return node.map((item) => rewrite(item, replace));
  if (!isTree(node)) return node;
  const [kind, ...others] = Object.keys(node);
  const body = kind === undefined ? undefined : node[kind];
  if (kind !== undefined && others.length === 0 && /^[A-Z]/.test(kind) && isTree(body)) {
    const replaced = replace(kind, body);
    if (replaced !== null) return replaced;
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, rewrite(value, replace)]));
}
