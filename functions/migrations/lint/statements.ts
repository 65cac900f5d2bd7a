import { child, isTree, items, parseErrorOffset, parseSql, type Tree } from '../sql/tree.ts';

/** Characters of one SQL text that are read: what is larger is a dump, not a migration. */
export const MAX_SQL_LENGTH = 4 * 1_024 * 1_024;
export const MAX_STATEMENTS = 20_000;

/** One statement of a text. */
export interface Statement {
  /** Place in the text, from 0. */
  index: number;
  /** The parser's name, for example `AlterTableStmt`. */
  kind: string;
  body: Tree;
  /** UTF-16 offsets of its first character and behind its last, without the semicolon. */
  start: number;
  end: number;
  text: string;
  /** Where the parser's location (bytes of the whole text) stands, as a UTF-16 offset; the statement's start when it has none. */
  at: (node: Tree | undefined) => number;
}

/** Why a text could not be read, and where (UTF-16 offset). */
export interface Unreadable {
  reason: string;
  offset: number;
}

/** Splits and parses SQL with PostgreSQL's own grammar; a text that is not SQL gives the place at which the parser stopped. */
export async function readStatements(
  sql: string,
): Promise<{ statements: Statement[]; unreadable: Unreadable | null }> {
  const refuse = (reason: string, offset: number) => ({ statements: [], unreadable: { reason, offset } });
  if (sql.length > MAX_SQL_LENGTH)
    return refuse(`The SQL has ${sql.length} characters; at most ${MAX_SQL_LENGTH} are read`, 0);
  // The parser reads a C string: it would stop there and say nothing.
  const nul = sql.indexOf('\0');
  if (nul >= 0) return refuse('The SQL holds a NUL character', nul);
  if (sql.trim() === '') return { statements: [], unreadable: null };
  try {
    const parsed = await parseSql(sql);
    if (parsed.length > MAX_STATEMENTS)
      return refuse(`The SQL has ${parsed.length} statements; at most ${MAX_STATEMENTS} are read`, 0);
    const characters = charactersOf(sql);
    const statements: Statement[] = [];
    for (const { statement, start, end } of parsed) {
      const read = statementOf(statement, sql, characters(start), characters(end), characters);
      if (read !== null) statements.push(...(await insideGuard({ ...read, index: statements.length })));
    }
    return { statements: statements.map((one, index) => ({ ...one, index })), unreadable: null };
  } catch (error) {
    if (error instanceof RangeError) return refuse('An expression is nested too deeply to be read', 0);
    const reason = error instanceof Error ? error.message : String(error);
    return refuse(reason, charactersFromPoints(sql, parseErrorOffset(error) ?? 0));
  }
}

function statementOf(
  tree: Tree,
  sql: string,
  start: number,
  end: number,
  characters: (bytes: number) => number,
): Omit<Statement, 'index'> | null {
  const [kind] = Object.keys(tree);
  const body = kind === undefined ? undefined : child(tree, kind);
  if (kind === undefined || body === undefined) return null;
  const text = sql.slice(start, end).trimEnd();
  const at = (node: Tree | undefined) => {
    const location = node?.location;
    return typeof location === 'number' && location >= 0 ? characters(location) : start;
  };
  return { kind, body, start, end: start + text.length, text, at };
}

/** Offsets in UTF-16 units of offsets in UTF-8 bytes. */
function charactersOf(sql: string): (bytes: number) => number {
  const total = Buffer.byteLength(sql);
  if (total === sql.length) return (bytes) => bytes;
  const offsets = new Uint32Array(total + 1);
  let byte = 0;
  let unit = 0;
  for (const character of sql) {
    const size = Buffer.byteLength(character);
    offsets.fill(unit, byte, byte + size);
    byte += size;
    unit += character.length;
  }
  offsets[total] = unit;
  return (bytes) => offsets[Math.min(bytes, total)] ?? sql.length;
}

/** The parser counts characters, JavaScript UTF-16 units. */
function charactersFromPoints(sql: string, points: number): number {
  let unit = 0;
  let seen = 0;
  for (const character of sql) {
    if (seen >= points) break;
    seen += 1;
    unit += character.length;
  }
  return unit;
}

const guarded =
  /^\s*BEGIN\s+(?<inner>.*?);?\s*EXCEPTION\s+(?:WHEN\s+duplicate_(?:object|table|column)(?:\s+OR\s+duplicate_\w+)*\s+THEN\s+(?:null|NULL)\s*;\s*)+END\s*;?\s*$/is;

/**
 * What older migration generators wrap into `DO $$ BEGIN … EXCEPTION WHEN duplicate_object THEN null; END $$` is plain
 * SQL: these blocks are opened. A block with anything else in it stays what it is.
 */
async function insideGuard(statement: Statement): Promise<Statement[]> {
  if (statement.kind !== 'DoStmt') return [statement];
  const parts = items(statement.body, 'args').map((part) => child(part, 'DefElem'));
  const code = parts.find((part) => part?.defname === 'as');
  const text = child(child(code, 'arg'), 'String')?.sval;
  const inner = typeof text === 'string' ? guarded.exec(text)?.groups?.inner : undefined;
  if (inner === undefined || parts.length !== 1) return [statement];
  try {
    const parsed = await parseSql(inner);
    const trees = parsed.map((one) => one.statement).filter(isTree);
    const kinds = trees.map((tree) => Object.keys(tree)[0] ?? '');
    if (!kinds.every((kind) => /^(Create|Alter|Index|Rename|Comment)/.test(kind))) return [statement];
    return trees.flatMap((tree, at) => {
      const kind = kinds[at] ?? '';
      const body = child(tree, kind);
      const own = parsed[at];
      if (body === undefined || own === undefined) return [];
      const source = Buffer.from(inner).subarray(own.start, own.end).toString('utf8').trim();
      return [{ ...statement, kind, body, text: source, at: () => statement.start }];
    });
  } catch {
    return [statement];
  }
}
