import { qualified, quoteIdentifier, quoteLiteral } from '../sql/identifiers.ts';
import { type ObjectChange, subjectOf } from './diff.ts';
import type { ObjectOf, SchemaObject } from './shape.ts';

/** A statement and its place in a script: what others hang on comes first, and goes last. */
export interface Placed {
  place: number;
  sql: string;
}

const place = {
  dropView: 0,
  dropPart: 1,
  dropForeignKey: 0,
  createType: 2,
  createTable: 3,
  changeColumn: 4,
  createConstraint: 5,
  createIndex: 6,
  createForeignKey: 7,
  createView: 8,
  createPart: 9,
  dropColumn: 10,
  dropTable: 11,
  dropType: 12,
};

type Column = ObjectOf<'column'>;

/** A column as CREATE TABLE and ADD COLUMN take it. */
function columnClause({ name, type, notNull, default: value, identity, generated }: Column): string {
  const parts = [quoteIdentifier(name), type];
  if (generated !== null) parts.push(`GENERATED ALWAYS AS ${generated}`);
  else if (identity !== null) parts.push(`GENERATED ${identity} AS IDENTITY`);
  else if (value !== null) parts.push(`DEFAULT ${value}`);
  if (notNull) parts.push('NOT NULL');
  return parts.join(' ');
}

function createTable(schema: string, table: ObjectOf<'table'>, columns: readonly Column[]): Placed[] {
  const name = qualified(schema, table.name);
  if (table.foreign)
    return [
      { place: place.createTable, sql: `-- ${name} is a foreign table: make it by hand, on its server` },
    ];
  const secured = rowSecurity(schema, table, 'off');
  if (table.partition?.startsWith('PARTITION OF'))
    return [{ place: place.changeColumn, sql: `CREATE TABLE ${name} ${table.partition};` }, ...secured];
  const body = columns.map((column) => `\n  ${columnClause(column)}`).join(',');
  const partition = table.partition === null ? '' : ` ${table.partition}`;
  return [{ place: place.createTable, sql: `CREATE TABLE ${name} (${body}\n)${partition};` }, ...secured];
}

function rowSecurity(schema: string, table: ObjectOf<'table'>, before: string): Placed[] {
  if (table.rowSecurity === before) return [];
  const alter = `ALTER TABLE ${qualified(schema, table.name)}`;
  const said = {
    off: `${alter} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;`,
    on: `${alter} ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;`,
    forced: `${alter} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;`,
  };
  return [{ place: place.createPart, sql: said[table.rowSecurity] }];
}

function alterColumn(alter: string, before: Column, after: Column): string[] {
  const column = `ALTER COLUMN ${quoteIdentifier(after.name)}`;
  const clauses: string[] = [];
  if (before.generated !== after.generated)
    return [
      `${alter} DROP COLUMN ${quoteIdentifier(before.name)};`,
      `${alter} ADD COLUMN ${columnClause(after)};`,
    ];
  if (before.identity !== null && after.identity === null) clauses.push(`${column} DROP IDENTITY`);
  // A default of the old type may have no form in the new one.
  const retyped = before.type !== after.type;
  if (before.default !== null && (retyped || after.default === null)) clauses.push(`${column} DROP DEFAULT`);
  if (retyped)
    clauses.push(`${column} TYPE ${after.type} USING ${quoteIdentifier(after.name)}::${after.type}`);
  if (after.default !== null && (retyped || before.default !== after.default))
    clauses.push(`${column} SET DEFAULT ${after.default}`);
  if (before.notNull !== after.notNull) clauses.push(`${column} ${after.notNull ? 'SET' : 'DROP'} NOT NULL`);
  if (before.identity === null && after.identity !== null)
    clauses.push(`${column} ADD GENERATED ${after.identity} AS IDENTITY`);
  else if (before.identity !== after.identity && after.identity !== null)
    clauses.push(`${column} SET GENERATED ${after.identity}`);
  return clauses.map((clause) => `${alter} ${clause};`);
}

function ofColumn(schema: string, before: Column | null, after: Column | null): Placed[] {
  const alter = (column: Column) => `ALTER TABLE ${qualified(schema, column.table)}`;
  if (before === null && after !== null)
    return [{ place: place.changeColumn, sql: `${alter(after)} ADD COLUMN ${columnClause(after)};` }];
  if (before !== null && after === null)
    return [
      { place: place.dropColumn, sql: `${alter(before)} DROP COLUMN ${quoteIdentifier(before.name)};` },
    ];
  if (before === null || after === null) return [];
  return alterColumn(alter(after), before, after).map((sql) => ({ place: place.changeColumn, sql }));
}

function ofEnum(schema: string, before: ObjectOf<'enum'>, after: ObjectOf<'enum'>): Placed[] {
  const name = qualified(schema, after.name);
  const kept = after.values.filter((value) => before.values.includes(value));
  if (kept.join('\0') !== before.values.join('\0'))
    return [
      {
        place: place.createType,
        sql: `-- PostgreSQL neither removes nor moves values of an enum: ${name} needs a new type (${after.values.map(quoteLiteral).join(', ')})`,
      },
    ];
  return after.values.flatMap((value, at) => {
    if (before.values.includes(value)) return [];
    const previous = after.values[at - 1];
    const next = kept[0];
    const where =
      previous !== undefined
        ? ` AFTER ${quoteLiteral(previous)}`
        : next !== undefined
          ? ` BEFORE ${quoteLiteral(next)}`
          : '';
    return [{ place: place.createType, sql: `ALTER TYPE ${name} ADD VALUE ${quoteLiteral(value)}${where};` }];
  });
}

function dropped(schema: string, object: SchemaObject): Placed[] {
  const { name } = object;
  const quoted = quoteIdentifier(name);
  switch (object.kind) {
    case 'table':
      return [
        {
          // A partition goes before its table, with which it would be gone.
          place: object.partition?.startsWith('PARTITION OF') ? place.dropColumn : place.dropTable,
          sql: `DROP TABLE ${qualified(schema, name)};`,
        },
      ];
    case 'constraint':
      return [
        {
          place: object.type === 'foreign_key' ? place.dropForeignKey : place.dropPart,
          sql: `ALTER TABLE ${qualified(schema, object.table)} DROP CONSTRAINT ${quoted};`,
        },
      ];
    case 'index':
      return [{ place: place.dropPart, sql: `DROP INDEX ${qualified(schema, name)};` }];
    case 'trigger':
    case 'policy': {
      const what = object.kind.toUpperCase();
      return [
        { place: place.dropPart, sql: `DROP ${what} ${quoted} ON ${qualified(schema, object.table)};` },
      ];
    }
    case 'view': {
      const what = object.materialized ? 'MATERIALIZED VIEW' : 'VIEW';
      return [{ place: place.dropView, sql: `DROP ${what} ${qualified(schema, name)};` }];
    }
    case 'enum':
    case 'domain':
      return [
        {
          place: place.dropType,
          sql: `DROP ${object.kind === 'enum' ? 'TYPE' : 'DOMAIN'} ${qualified(schema, name)};`,
        },
      ];
    case 'sequence':
      // One that a dropped column owned is gone with it.
      return [{ place: place.dropType, sql: `DROP SEQUENCE IF EXISTS ${qualified(schema, name)};` }];
    default:
      return [];
  }
}

function created(schema: string, object: SchemaObject, columns: readonly Column[]): Placed[] {
  const name = qualified(schema, object.name);
  switch (object.kind) {
    case 'table':
      return createTable(schema, object, columns);
    case 'constraint':
      return [
        {
          place: object.type === 'foreign_key' ? place.createForeignKey : place.createConstraint,
          sql: `ALTER TABLE ${qualified(schema, object.table)} ADD CONSTRAINT ${quoteIdentifier(object.name)} ${object.definition};`,
        },
      ];
    case 'index':
      return [{ place: place.createIndex, sql: `${object.definition};` }];
    case 'trigger':
    case 'policy':
      return [{ place: place.createPart, sql: `${object.definition};` }];
    case 'view': {
      const what = object.materialized ? 'MATERIALIZED VIEW' : 'VIEW';
      const body = object.definition.trim().replace(/;$/, '');
      return [{ place: place.createView, sql: `CREATE ${what} ${name} AS\n${body};` }];
    }
    case 'enum':
      return [
        {
          place: place.createType,
          sql: `CREATE TYPE ${name} AS ENUM (${object.values.map(quoteLiteral).join(', ')});`,
        },
      ];
    case 'domain':
      return [{ place: place.createType, sql: `CREATE DOMAIN ${name} AS ${object.definition};` }];
    case 'sequence':
      return [{ place: place.createType, sql: `CREATE SEQUENCE ${name} ${object.definition};` }];
    default:
      return [];
  }
}

const isColumn = (object: SchemaObject | null): object is Column =>
  object?.kind === 'column' || object?.kind === 'kept_column';

/** The statements that make one change by hand; `columns` are those of a table that is made. */
export function statementsOf(
  schema: string,
  change: ObjectChange,
  columns: readonly Column[] = [],
): Placed[] {
  const { before, after } = change;
  if (isColumn(subjectOf(change)))
    return ofColumn(schema, isColumn(before) ? before : null, isColumn(after) ? after : null);
  if (before === null) return after === null ? [] : created(schema, after, columns);
  if (after === null) return dropped(schema, before);
  if (before.kind === 'enum' && after.kind === 'enum') return ofEnum(schema, before, after);
  if (before.kind === 'table' && after.kind === 'table') {
    if (before.partition === after.partition && before.foreign === after.foreign)
      return rowSecurity(schema, after, before.rowSecurity);
    return [
      {
        place: place.createTable,
        sql: `-- ${qualified(schema, after.name)} has to be made anew, with its rows`,
      },
    ];
  }
  if (before.kind === 'sequence' && after.kind === 'sequence')
    return [
      {
        place: place.createType,
        sql: `ALTER SEQUENCE ${qualified(schema, after.name)} ${after.definition};`,
      },
    ];
  if (before.kind === 'domain' && after.kind === 'domain')
    return [
      {
        place: place.createType,
        sql: `-- Domain ${qualified(schema, after.name)} is to be: ${after.definition}`,
      },
    ];
  return [...dropped(schema, before), ...created(schema, after, [])];
}
