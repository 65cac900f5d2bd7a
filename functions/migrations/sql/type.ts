import { TypeInvalid } from '../errors.ts';
import { child, items, parseSql, printSql, stringOf, type Tree } from './tree.ts';

export interface TypeName {
  /** SQL of the type, printed from its parsed form. */
  sql: string;
  /** Last part of the name as the catalogue has it, for example `int4`; arrays end in `[]`. */
  base: string;
  /** Numbers in brackets after the name, for example 10 and 2 of numeric(10,2). */
  modifiers: number[];
}

const integers = ['int2', 'int4', 'int8', 'numeric'];
const texts = ['varchar', 'text'];
const serials = new Set(['serial', 'bigserial', 'smallserial', 'serial2', 'serial4', 'serial8']);
/** Types without an equality operator, or whose `=` does not mean the same value. */
const comparedAsText = new Set(['json', 'xml', 'point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle']);

/** Reads the name of a type; `pointer` is its field in the file. Throws TypeInvalid for anything else. */
export async function parseType(text: string, pointer?: string): Promise<TypeName> {
  const detail = `"${text.slice(0, 200)}" is not the name of a type`;
  const refuse = (cause?: unknown) =>
    new TypeInvalid(detail, {
      ...(pointer === undefined ? {} : { problems: [{ pointer, detail }] }),
      evidence: { type: text.slice(0, 200) },
      action: 'Write a type as in CREATE TABLE, for example numeric(10,2).',
      ...(cause === undefined ? {} : { cause }),
    });
  let tree: Tree;
  try {
    const [only, second] = await parseSql(`ALTER TABLE t ADD COLUMN c ${text}`);
    if (only === undefined || second !== undefined) throw refuse();
    tree = only.statement;
  } catch (error) {
    throw error instanceof TypeInvalid ? error : refuse(error);
  }
  const alter = child(tree, 'AlterTableStmt');
  const commands = items(alter, 'cmds');
  const definition = child(child(child(commands[0], 'AlterTableCmd'), 'def'), 'ColumnDef');
  const name = child(definition, 'typeName');
  const plain = new Set(['colname', 'typeName', 'is_local', 'location']);
  if (commands.length !== 1 || definition === undefined || name === undefined) throw refuse();
  if (Object.keys(definition).some((key) => !plain.has(key)) || name.setof === true) throw refuse();
  return { sql: printType(name, refuse), base: baseOf(name), modifiers: modifiersOf(name) };
}

function printType(name: Tree, refuse: (cause?: unknown) => TypeInvalid): string {
  try {
    const cast = {
      TypeCast: { arg: { ColumnRef: { fields: [{ String: { sval: 'c' } }] } }, typeName: name },
    };
    const select = {
      targetList: [{ ResTarget: { val: cast } }],
      limitOption: 'LIMIT_OPTION_DEFAULT',
      op: 'SETOP_NONE',
    };
    const sql = printSql({ SelectStmt: select });
    const match = /^SELECT (?:c::(?<short>.+)|CAST\(c AS (?<long>.+)\))$/s.exec(sql);
    const type = match?.groups?.short ?? match?.groups?.long;
    if (type === undefined) throw new Error(`Unexpected form ${sql}`);
    return type;
  } catch (cause) {
    throw refuse(cause);
  }
}

function baseOf(name: Tree): string {
  const base = stringOf(items(name, 'names').at(-1)) ?? '';
  return items(name, 'arrayBounds').length > 0 ? `${base}[]` : base;
}

function modifiersOf(name: Tree): number[] {
  return items(name, 'typmods').flatMap((modifier) => {
    const integer = child(child(modifier, 'A_Const'), 'ival');
    return integer === undefined ? [] : [typeof integer.ival === 'number' ? integer.ival : 0];
  });
}

/** serial and its relatives: a sequence behind a default, not a type a cast knows. */
export const isSerial = (type: TypeName): boolean => serials.has(type.base);

/** Whether every value of `from` is one of `to` and two different values stay different. */
export function isWidening(from: TypeName, to: TypeName): boolean {
  if (from.base === to.base && sameModifiers(from, to)) return true;
  const family = [integers, texts].find((names) => names.includes(from.base) && names.includes(to.base));
  if (family === undefined || family.indexOf(to.base) < family.indexOf(from.base)) return false;
  return (
    to.modifiers.length === 0 || (from.base === 'varchar' && to.base === 'varchar' && widerLimit(from, to))
  );
}

const sameModifiers = (a: TypeName, b: TypeName) => a.modifiers.join() === b.modifiers.join();
const widerLimit = (from: TypeName, to: TypeName) =>
  from.modifiers.length === 1 && (to.modifiers[0] ?? 0) >= (from.modifiers[0] ?? 0);

/** Whether operators and operator classes written for one serve the other: numbers among themselves, texts among themselves. */
export function sameFamily(a: TypeName, b: TypeName): boolean {
  const families = [
    [...integers, 'float4', 'float8'],
    ['varchar', 'text', 'bpchar'],
    ['timestamp', 'timestamptz', 'date'],
  ];
  return a.base === b.base || families.some((names) => names.includes(a.base) && names.includes(b.base));
}

/** A predicate that is true when both operands are the same value or both NULL; never NULL itself. */
export function sameValue(a: string, b: string, type: TypeName): string {
  const text = comparedAsText.has(type.base.replace('[]', '')) ? '::text' : '';
  return `${a}${text} IS NOT DISTINCT FROM ${b}${text}`;
}

/** The longest text the type holds, in characters, or null when it has no limit that a cast would cut at. */
export function textLimit(type: TypeName): number | null {
  return ['varchar', 'bpchar'].includes(type.base) ? (type.modifiers[0] ?? null) : null;
}
