import { MigrationFileInvalid } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import { bindNew } from '../plan/binding.ts';
import { finalColumn, finalTable, findColumn, findTable, type LogicalTable } from '../plan/logical.ts';
import { type Pieces, pieces, type StepDraft } from '../plan/pieces.ts';
import { tableSql } from '../plan/steps.ts';
import { parseExpression } from '../sql/expression.ts';
import { quoteIdentifier } from '../sql/identifiers.ts';
import { oneOf } from './clauses.ts';
import { parsedIndex } from './index-sql.ts';
import type { Applied, OperationContext } from './operation.ts';
import { refuseTakenName } from './refusals.ts';

type Body = OperationOf<'create_index'>;
const methods = ['BTREE', 'HASH', 'GIST', 'SPGIST', 'GIN', 'BRIN'];

/** An index for the new version, built while clients write; a unique one only when old clients are gone. */
export async function createIndex(body: Body, context: OperationContext): Promise<Applied> {
  const table = findTable(context.schema, body.table, context.pointer('table'));
  refuseTakenName(context, table, body.name, ['name'], true);
  if (body.columns.length === 0) throw invalid(context, ['columns'], 'Expected at least one column');
  for (const [at, field] of body.columns.entries())
    findColumn(table, field.column, context.pointer('columns', String(at), 'column'));
  const after = { ...context.schema, taken: [...context.schema.taken, body.name] };
  return {
    schema: after,
    pieces: async (finalSchema) => {
      const final = finalTable(finalSchema, table);
      const { sql, columns } = await indexSql(body, context, table, final);
      const build: StepDraft = {
        kind: 'create_index',
        purpose: `Build index ${body.name}`,
        table: final.ref,
        index: body.name,
        sql,
        unique: body.unique === true,
      };
      const drop: StepDraft = {
        kind: 'drop_index',
        purpose: `Drop index ${body.name}`,
        schema: final.ref.schema,
        index: body.name,
      };
      const rights: Pieces['rights'] = final.source === null ? [] : [{ kind: 'owner', table: final.ref }];
      const common = {
        summary: `Create ${body.unique === true ? 'unique ' : ''}index "${body.name}" on "${body.table}"`,
        undo: 'exact' as const,
        undoReason: 'The index is dropped',
      };
      if (body.unique !== true) return pieces({ ...common, index: [build], rollbackIndexes: [drop], rights });
      // Old clients fill none of its columns, or know nothing of the table.
      const fresh =
        final.source === null ||
        final.columns.some(
          (column) =>
            columns.includes(column.new ?? '') &&
            column.old === null &&
            !column.derived &&
            column.default === null,
        );
      const plain = fresh ? [] : columns;
      return pieces({
        ...common,
        ...(fresh ? { index: [build] } : { enforce: [build] }),
        rollbackIndexes: [drop],
        rights,
        checks:
          plain.length === 0 ||
          body.predicate !== undefined ||
          final.columns.some((column) => plain.includes(column.new ?? '') && column.old !== column.new)
            ? []
            : [
                {
                  id: `${context.index + 1}.unique`,
                  operation: context.index,
                  sql: `SELECT count(*) AS count FROM (SELECT 1 FROM ${tableSql(final.ref)} WHERE ${plain.map((column) => `${quoteIdentifier(column)} IS NOT NULL`).join(' AND ')} GROUP BY ${plain.map(quoteIdentifier).join(', ')} HAVING count(*) > 1) AS duplicates`,
                  problem: `Values that occur more than once, while ${body.name} is unique`,
                  action: 'Correct the rows first.',
                },
              ],
        notes: fresh
          ? []
          : [
              {
                code: 'enforced_at_contract',
                severity: 'info',
                operation: context.index,
                text: `The unique index ${body.name} is built only at contract: clients of the old version can still write duplicates.`,
              },
            ],
      });
    },
  };
}

function invalid(context: OperationContext, field: string[], detail: string): MigrationFileInvalid {
  return new MigrationFileInvalid(detail, {
    problems: [{ pointer: context.pointer(...field), detail }],
    action: 'Correct the index.',
  });
}

/** A name that may carry its schema: `pg_catalog.C` or `text_pattern_ops`. */
const dotted = (name: string) => name.split('.').map(quoteIdentifier).join('.');

async function indexSql(body: Body, context: OperationContext, before: LogicalTable, final: LogicalTable) {
  const columns = body.columns.map((field, at) => {
    const column = finalColumn(
      final,
      findColumn(before, field.column, context.pointer('columns', String(at), 'column')),
    );
    if (column.new === null)
      throw invalid(context, ['columns', String(at), 'column'], `"${field.column}" is dropped by this file`);
    return column.new;
  });
  const elements = body.columns.map((field, at) => {
    const place = (name: string) => context.pointer('columns', String(at), name);
    const params = field.opclass?.params ?? [];
    return [
      quoteIdentifier(columns[at] ?? field.column),
      field.collate === undefined ? '' : ` COLLATE ${dotted(field.collate)}`,
      field.opclass?.name === undefined
        ? ''
        : ` ${dotted(field.opclass.name)}${params.length === 0 ? '' : ` (${params.join(', ')})`}`,
      field.sort === undefined ? '' : ` ${oneOf(field.sort, ['ASC', 'DESC'], place('sort'))}`,
      field.nulls === undefined ? '' : ` NULLS ${oneOf(field.nulls, ['FIRST', 'LAST'], place('nulls'))}`,
    ].join('');
  });
  const method =
    body.method === undefined
      ? ''
      : ` USING ${oneOf(body.method, methods, context.pointer('method')).toLowerCase()}`;
  const storage = body.storage_parameters === undefined ? '' : ` WITH (${body.storage_parameters})`;
  const predicate =
    body.predicate === undefined
      ? ''
      : ` WHERE ${bindNew(await parseExpression(body.predicate, context.pointer('predicate')), before, final, context.pointer('predicate')).row}`;
  const sql = `CREATE ${body.unique === true ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${quoteIdentifier(body.name)} ON ${tableSql(final.ref)}${method} (${elements.join(', ')})${storage}${predicate}`;
  const shape = { keys: body.columns.length, included: 0, predicate: body.predicate !== undefined };
  const parsed = await parsedIndex(sql, shape, () =>
    invalid(context, [], `The operator class or storage parameters of "${body.name}" do not parse`),
  );
  return { sql: parsed, columns };
}
