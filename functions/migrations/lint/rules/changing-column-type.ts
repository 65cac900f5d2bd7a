import { child, items, type Tree } from '../../sql/tree.ts';
import { type Command, commandsOf, typeBase } from '../alterations.ts';
import type { Rule } from '../rule.ts';
import { isNew, type State, shown, standing } from '../state.ts';

interface Type {
  base: string;
  modifiers: number[];
}

const catalogueNames: Record<string, string> = {
  'character varying': 'varchar',
  character: 'bpchar',
  integer: 'int4',
  bigint: 'int8',
  smallint: 'int2',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  'bit varying': 'varbit',
};

/** A type as format_type prints it. */
function printedType(text: string): Type {
  const match = /^(?<base>[^(]+?)(?:\((?<modifiers>[\d,]+)\))?$/.exec(text);
  const base = match?.groups?.base ?? text;
  return {
    base: catalogueNames[base] ?? base,
    modifiers: (match?.groups?.modifiers ?? '').split(',').filter(Boolean).map(Number),
  };
}

function givenType(typeName: Tree | undefined): Type {
  const modifiers = items(typeName, 'typmods').map((one) =>
    Number(child(child(one, 'A_Const'), 'ival')?.ival ?? 0),
  );
  return { base: typeBase(typeName), modifiers };
}

/** Changes that PostgreSQL makes in the catalogue alone. */
function catalogueOnly(from: Type, to: Type): boolean {
  const wider =
    to.modifiers.length === 0 || (to.modifiers[0] ?? 0) >= (from.modifiers[0] ?? Number.MAX_SAFE_INTEGER);
  if (from.base === to.base) {
    if (from.modifiers.join() === to.modifiers.join()) return true;
    if (['varchar', 'varbit'].includes(to.base)) return wider;
    if (to.base === 'numeric')
      return to.modifiers.length === 0 || (wider && (from.modifiers[1] ?? 0) === (to.modifiers[1] ?? 0));
    return ['timestamp', 'timestamptz', 'time', 'timetz', 'interval'].includes(to.base) && wider;
  }
  if (from.base === 'varchar' && to.base === 'text') return true;
  if (from.base === 'text' && to.base === 'varchar') return to.modifiers.length === 0;
  return from.base === 'cidr' && to.base === 'inet';
}

function knownSafe(command: Command, state: State): boolean {
  const node = child(command.definition, 'ColumnDef');
  const column = standing(state, command.table)?.columns.find(({ name }) => name === command.name);
  if (column === undefined || node === undefined || node.raw_default !== undefined) return false;
  return catalogueOnly(printedType(column.type), givenType(child(node, 'typeName')));
}

export const changingColumnType: Rule = {
  id: 'changing-column-type',
  severity: 'error',
  title: 'A column gets another type in place',
  lock: 'ACCESS EXCLUSIVE',
  work: 'rewrite',
  why: 'Except for a few widenings, the table and its indexes are written anew while nobody can read or write; clients that expect the old type break at that moment.',
  advice:
    'Add a second column of the new type, write both, fill it in small batches, switch, drop the first. Widenings such as varchar(10) to varchar(20) or text are safe: with --database they are recognised.',
  check(statement, state) {
    return commandsOf(statement)
      .filter(({ subtype, table }) => subtype === 'AT_AlterColumnType' && !isNew(state, table))
      .filter((command) => !knownSafe(command, state))
      .map(({ table, name, definition }) => ({
        table,
        at: child(definition, 'ColumnDef'),
        message: `"${shown(table)}" is written anew to change the type of "${name ?? ''}".`,
      }));
  },
};
