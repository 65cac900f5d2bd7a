import { ColumnExists, MigrationFileInvalid } from '../errors.ts';
import type { FileColumn, OperationOf, TableConstraint } from '../file/schema.ts';
import { findTable, type LogicalColumn, type LogicalTable, refuseTakenTable } from '../plan/logical.ts';
import { pieces } from '../plan/pieces.ts';
import type { TableRef } from '../plan/schemas.ts';
import { tableSql } from '../plan/steps.ts';
import { parseExpression } from '../sql/expression.ts';
import { quoteIdentifier, quoteLiteral } from '../sql/identifiers.ts';
import { isSerial, parseType } from '../sql/type.ts';
import {
  defaultOf,
  deferralClause,
  expressionSql,
  foreignKeyClause,
  generatedClause,
  includeClause,
} from './clauses.ts';
import type { Applied, OperationContext } from './operation.ts';
import { notYet, refuseBefore } from './refusals.ts';

type Body = OperationOf<'create_table'>;

/** A new table with all its constraints at once: nobody writes to it yet. */
export async function createTable(body: Body, context: OperationContext): Promise<Applied> {
  const { schema } = context;
  refuseTakenTable(schema, body.name, context.pointer('name'));
  const ref: TableRef = { schema: schema.name, name: body.name, oid: null };
  const columns: LogicalColumn[] = [];
  for (const [at, column] of body.columns.entries()) {
    if (columns.some((other) => other.name === column.name)) {
      const detail = `Column "${column.name}" comes twice`;
      throw new ColumnExists(detail, {
        problems: [{ pointer: context.pointer('columns', String(at), 'name'), detail }],
      });
    }
    columns.push(await logicalColumn(column, context.index, context.pointer('columns', String(at), 'type')));
  }
  const table: LogicalTable = { ref, name: body.name, source: null, columns, dropped: [], changed: true };
  const after = { ...schema, tables: [...schema.tables, table], taken: [...schema.taken, body.name] };
  const inner: OperationContext = { ...context, schema: after };
  const keys = body.columns
    .filter((column) => column.pk === true)
    .map((column) => quoteIdentifier(column.name));
  const parts: string[] = [];
  const partners: TableRef[] = [];
  for (const [at, column] of body.columns.entries()) {
    const made = await columnSql(column, inner, body.name, ['columns', String(at)]);
    parts.push(made.sql);
    partners.push(...made.partners);
  }
  if (keys.length > 0) parts.push(`PRIMARY KEY (${keys.join(', ')})`);
  for (const [at, constraint] of (body.constraints ?? []).entries()) {
    const made = await constraintSql(constraint, inner, table, ['constraints', String(at)]);
    parts.push(made.sql);
    partners.push(...made.partners);
  }
  const name = tableSql(ref);
  const comments = [
    ...(body.comment === undefined ? [] : [`COMMENT ON TABLE ${name} IS ${quoteLiteral(body.comment)}`]),
    ...body.columns.flatMap((column) =>
      column.comment === undefined
        ? []
        : [`COMMENT ON COLUMN ${name}.${quoteIdentifier(column.name)} IS ${quoteLiteral(column.comment)}`],
    ),
  ];
  return {
    schema: after,
    pieces: async () =>
      pieces({
        summary: `Create table "${body.name}"`,
        undo: 'lossy',
        undoReason: 'Its rows go away with it; undo counts them first',
        expand: [
          { tables: partners, statements: [`CREATE TABLE ${name} (${parts.join(', ')})`, ...comments] },
        ],
        rollback: [{ tables: partners, statements: [`DROP TABLE IF EXISTS ${name}`] }],
        undoLosses: [
          {
            id: `${context.index + 1}.${body.name}`,
            table: ref,
            key: [],
            columns: columns.map((column) => column.name),
            where: 'true',
          },
        ],
        rights: [
          { kind: 'create_in_schema', schema: schema.name },
          ...partners.map((table) => ({ kind: 'references' as const, table })),
        ],
      }),
  };
}

async function logicalColumn(column: FileColumn, index: number, pointer: string): Promise<LogicalColumn> {
  const type = await parseType(column.type, pointer);
  return {
    id: `+${column.name}`,
    name: column.name,
    old: null,
    new: column.name,
    type: type.sql,
    notNull: column.nullable !== true || column.pk === true,
    default: null,
    viewDefault: null,
    identity: column.generated?.identity !== undefined,
    generated: column.generated?.expression !== undefined,
    derived: false,
    changedBy: index,
  };
}

async function columnSql(column: FileColumn, context: OperationContext, table: string, at: string[]) {
  const type = await parseType(column.type);
  const partners: TableRef[] = [];
  const parts = [quoteIdentifier(column.name), type.sql];
  if (column.generated !== undefined)
    parts.push((await generatedClause(column.generated, context.pointer(...at, 'generated'))).trim());
  if (column.default !== undefined) {
    const value = await defaultOf(column.default, context.pointer(...at, 'default'));
    if (value !== null) parts.push(`DEFAULT ${value.sql}`);
  }
  if (column.nullable !== true || isSerial(type)) parts.push('NOT NULL');
  if (column.unique === true) parts.push('UNIQUE');
  if (column.check !== undefined) {
    const check = expressionSql(
      await parseExpression(column.check.constraint, context.pointer(...at, 'check', 'constraint')),
      [table],
    );
    const inherit = column.check.no_inherit === true ? ' NO INHERIT' : '';
    parts.push(`CONSTRAINT ${quoteIdentifier(column.check.name)} CHECK (${check})${inherit}`);
  }
  if (column.references !== undefined) {
    const { references } = column;
    const target = referenced(context, references.table, [references.column], [...at, 'references']);
    partners.push(target.ref);
    const clause = foreignKeyClause(references, (field) => context.pointer(...at, 'references', field));
    parts.push(
      `CONSTRAINT ${quoteIdentifier(references.name)} REFERENCES ${tableSql(target.ref)} (${target.columns})${clause}`,
    );
  }
  return { sql: parts.join(' '), partners };
}

/** The table a foreign key points to, and its physical columns as a list. */
function referenced(context: OperationContext, name: string, columns: string[], at: string[]) {
  const table = findTable(context.schema, name, context.pointer(...at, 'table'));
  const physical = columns.map((column) => table.columns.find((candidate) => candidate.name === column)?.new);
  const missing = columns.find((_, index) => physical[index] == null);
  if (missing !== undefined) {
    const detail = `Table "${name}" has no column "${missing}" to refer to`;
    throw new MigrationFileInvalid(detail, {
      problems: [{ pointer: context.pointer(...at), detail }],
      action: 'Name its columns.',
    });
  }
  return { ref: table.ref, columns: physical.map((column) => quoteIdentifier(column ?? '')).join(', ') };
}

async function constraintSql(
  constraint: TableConstraint,
  context: OperationContext,
  table: LogicalTable,
  at: string[],
) {
  const invalid = (detail: string) =>
    new MigrationFileInvalid(detail, {
      problems: [{ pointer: context.pointer(...at), detail }],
      action: 'Correct the constraint.',
    });
  const name = `CONSTRAINT ${quoteIdentifier(constraint.name)}`;
  const columns = constraint.columns ?? [];
  const unknown = columns.find((column) => !table.columns.some((candidate) => candidate.name === column));
  if (unknown !== undefined) throw invalid(`The table has no column "${unknown}"`);
  const list = columns.map(quoteIdentifier).join(', ');
  const defer = deferralClause(constraint.deferrable, constraint.initially_deferred);
  if (
    constraint.index_parameters?.tablespace !== undefined ||
    constraint.index_parameters?.storage_parameters !== undefined
  ) {
    throw notYet(context, 'index_parameters other than include_columns', 'Leave them out.', [
      ...at,
      'index_parameters',
    ]);
  }
  switch (constraint.type) {
    case 'primary_key':
    case 'unique': {
      if (columns.length === 0) throw invalid('Expected columns');
      if (constraint.nulls_not_distinct === true)
        refuseBefore(context, 15, 'nulls_not_distinct', [...at, 'nulls_not_distinct']);
      const distinct = constraint.nulls_not_distinct === true ? ' NULLS NOT DISTINCT' : '';
      const words = constraint.type === 'unique' ? `UNIQUE${distinct}` : 'PRIMARY KEY';
      return { sql: `${name} ${words} (${list})${includeClause(constraint)}${defer}`, partners: [] };
    }
    case 'check': {
      if (constraint.check === undefined) throw invalid('Expected check');
      const check = expressionSql(await parseExpression(constraint.check, context.pointer(...at, 'check')), [
        table.name,
      ]);
      return {
        sql: `${name} CHECK (${check})${constraint.no_inherit === true ? ' NO INHERIT' : ''}`,
        partners: [],
      };
    }
    case 'foreign_key': {
      const { references } = constraint;
      if (references === undefined || columns.length === 0) throw invalid('Expected columns and references');
      const target = referenced(context, references.table, references.columns, [...at, 'references']);
      if ((references.on_delete_set_columns ?? []).length > 0)
        refuseBefore(context, 15, 'on_delete_set_columns', [...at, 'references', 'on_delete_set_columns']);
      const options = {
        ...references,
        deferrable: constraint.deferrable,
        initially_deferred: constraint.initially_deferred,
      };
      const clause = foreignKeyClause(
        options,
        (field) => context.pointer(...at, 'references', field),
        references.on_delete_set_columns,
      );
      return {
        sql: `${name} FOREIGN KEY (${list}) REFERENCES ${tableSql(target.ref)} (${target.columns})${clause}`,
        partners: [target.ref],
      };
    }
    default:
      throw notYet(
        context,
        `a table constraint of type "${constraint.type.slice(0, 40)}"`,
        'Use primary_key, unique, check or foreign_key.',
        [...at, 'type'],
      );
  }
}
