import { quoteIdentifier, quoteLiteral } from '../sql/identifiers.ts';
import { child, items, stringOf, type Tree } from '../sql/tree.ts';
import type { TableRef } from './schemas.ts';
import { tableSql } from './steps.ts';

const name = '("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)';
const alterTable = `^ALTER TABLE (?:IF EXISTS )?${name}\\.${name}`;
const adding = new RegExp(`${alterTable} ADD CONSTRAINT ${name} (.*)$`, 's');
const usingIndex = new RegExp(`^(UNIQUE|PRIMARY KEY) USING INDEX ${name}(.*)$`, 's');
const dropping = new RegExp(`${alterTable} DROP CONSTRAINT IF EXISTS ${name}$`);
const droppingNotNull = new RegExp(`${alterTable} ALTER COLUMN ${name} DROP NOT NULL$`);

function unquoted(text: string | undefined): string {
  if (text === undefined) return '';
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}

/** A constraint as a statement of ours adds it. */
export interface Added {
  table: TableRef;
  name: string;
  /** The index that it takes over, and the words before and after it. */
  index: string | null;
  words: string;
  rest: string;
  foreign: boolean;
  notValid: boolean;
  /** All after its name but NOT VALID. */
  definition: string;
}

/** What ALTER TABLE … ADD CONSTRAINT says; null for other statements. */
export function addedConstraint(sql: string): Added | null {
  const [found, schema, table, constraint, definition = ''] = adding.exec(sql) ?? [];
  if (found === undefined) return null;
  const [, words = '', index, rest = ''] = usingIndex.exec(definition) ?? [];
  return {
    table: { schema: unquoted(schema), name: unquoted(table), oid: null },
    name: unquoted(constraint),
    index: index === undefined ? null : unquoted(index),
    words,
    rest,
    foreign: definition.startsWith('FOREIGN KEY '),
    notValid: definition.endsWith(' NOT VALID'),
    definition: definition.replace(/ NOT VALID$/, ''),
  };
}

/** What a statement takes from a table: a constraint, or the NOT NULL of a column; null for other statements. */
export function droppedOf(
  sql: string,
): { table: TableRef; constraint: string | null; notNull: string | null } | null {
  const constraint = dropping.exec(sql);
  const [found, schema, table, what] = constraint ?? droppingNotNull.exec(sql) ?? [];
  if (found === undefined) return null;
  const ref = { schema: unquoted(schema), name: unquoted(table), oid: null };
  return constraint === null
    ? { table: ref, constraint: null, notNull: unquoted(what) }
    : { table: ref, constraint: unquoted(what), notNull: null };
}

/** A partition may be gone by the time it runs. */
export const partsConstraint = (table: TableRef, constraint: string, definition: string): string =>
  `ALTER TABLE IF EXISTS ${tableSql(table)} ADD CONSTRAINT ${quoteIdentifier(constraint)} ${definition}`;

/** The constraint over the columns of a unique index: of a partitioned table it can take over no index. */
export function uniqueOver(index: Tree, { words, rest }: Added): string {
  const list = (key: string) =>
    items(index, key)
      .map((element) => quoteIdentifier(String(child(element, 'IndexElem')?.name)))
      .join(', ');
  const included = list('indexIncludingParams');
  const options = items(index, 'options').map((option) => {
    const element = child(option, 'DefElem');
    return `${quoteIdentifier(String(element?.defname))} = ${quoteLiteral(optionValue(element))}`;
  });
  const space = typeof index.tableSpace === 'string' ? index.tableSpace : null;
  return [
    words,
    index.nulls_not_distinct === true ? ' NULLS NOT DISTINCT' : '',
    ` (${list('indexParams')})`,
    included === '' ? '' : ` INCLUDE (${included})`,
    options.length === 0 ? '' : ` WITH (${options.join(', ')})`,
    space === null ? '' : ` USING INDEX TABLESPACE ${quoteIdentifier(space)}`,
    rest,
  ].join('');
}

/** The value of a storage parameter, which the server reads from text as well. */
function optionValue(element: Tree | undefined): string {
  const value = child(element, 'arg');
  const word = items(child(value, 'TypeName'), 'names').map(stringOf).at(-1);
  const plain = child(value, 'Integer')?.ival ?? child(value, 'Float')?.fval ?? stringOf(value) ?? word;
  return String(plain ?? (value === undefined ? 'true' : 0));
}
