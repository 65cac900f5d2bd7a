import { MigrationFileInvalid } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import { bindNew, bindOld, type Operand, ofNewRow } from '../plan/binding.ts';
import {
  columnNotFound,
  finalColumn,
  finalTable,
  findTable,
  type LogicalColumn,
  type LogicalSchema,
  type LogicalTable,
} from '../plan/logical.ts';
import type { Pieces, StepDraft } from '../plan/pieces.ts';
import type { DualWriteGroup } from '../plan/schemas.ts';
import { addAndValidate, setNotNull, tableSql, uniqueFromIndex } from '../plan/steps.ts';
import { parseExpression } from '../sql/expression.ts';
import { hashedName, quoteIdentifier } from '../sql/identifiers.ts';
import { foreignKeyClause } from './clauses.ts';
import { parsedIndex } from './index-sql.ts';
import type { OperationContext } from './operation.ts';
import { notYet, refuseBefore } from './refusals.ts';
import type { Altered } from './shadow.ts';

/** A constraint of create_constraint, with the columns of the table that got a second physical one for it. */
export interface NewConstraint {
  body: OperationOf<'create_constraint'>;
  word: string;
  context: OperationContext;
  /** Its columns as the operation found them. */
  columns: LogicalColumn[];
  before: LogicalTable;
  final: LogicalTable;
  finalSchema: LogicalSchema;
  doubled: Altered[];
}

type Parts = Pick<
  Pieces,
  | 'expand'
  | 'index'
  | 'constrain'
  | 'enforce'
  | 'rollback'
  | 'rollbackIndexes'
  | 'checks'
  | 'notes'
  | 'rights'
>;
type Guard = DualWriteGroup['guards'][number];

/** Statements, questions and notes of the constraint itself; `guard`: holds new clients to a CHECK before contract. */
export async function tableConstraintPieces(at: NewConstraint): Promise<Parts & { guard: Guard | null }> {
  const { body, context, final, word } = at;
  const table = tableSql(final.ref);
  const physical = at.columns.map((column) => physicalOf(at, column));
  const made = await definition(at, physical);
  const fresh = final.source === null;
  const add = `ALTER TABLE ${table} ADD CONSTRAINT ${quoteIdentifier(body.name)} ${made.sql}`;
  const rights: Pieces['rights'] = [
    ...(fresh ? [] : [{ kind: 'owner' as const, table: final.ref }]),
    ...made.partners.map((partner) => ({ kind: 'references' as const, table: partner })),
  ];
  const nothing = {
    index: [],
    constrain: [],
    enforce: [],
    rollback: [],
    rollbackIndexes: [],
    checks: [],
    notes: [],
  };
  // Nobody has written to a table of this file when expand makes it.
  if (fresh)
    return { ...nothing, expand: [{ tables: made.partners, statements: [add] }], rights, guard: null };

  const steps =
    made.index === null
      ? { build: [], attach: addAndValidate(final.ref, body.name, made.sql, made.partners) }
      : indexSteps(at, made.index);
  const free = harmless(at, physical, made.reads);
  const opened = word === 'PRIMARY_KEY' ? nullableInPlace(at) : [];
  const alter = `ALTER TABLE IF EXISTS ${table}`;
  return {
    ...nothing,
    expand: [],
    ...(free
      ? { index: steps.build, constrain: steps.attach }
      : { enforce: [...steps.build, ...steps.attach] }),
    rollback: [
      {
        tables: [final.ref, ...made.partners],
        statements: [
          `${alter} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(body.name)}`,
          ...opened.map((column) => `${alter} ALTER COLUMN ${quoteIdentifier(column)} DROP NOT NULL`),
        ],
      },
    ],
    rollbackIndexes:
      made.index === null
        ? []
        : [
            {
              kind: 'drop_index',
              purpose: `Drop index ${body.name}`,
              schema: final.ref.schema,
              index: body.name,
            },
          ],
    checks: questions(at, physical, made),
    notes: free
      ? []
      : [
          {
            code: 'enforced_at_contract',
            severity: 'info',
            operation: context.index,
            text: `${body.name} is enforced only at contract: clients of the old version can still write rows that break it.`,
          },
        ],
    rights,
    guard:
      made.check !== undefined && at.doubled.length > 0 && !free
        ? {
            constraint: body.name,
            column: null,
            code: '23514',
            expression: `(${made.check(ofNewRow)}) IS NOT FALSE`,
          }
        : null,
  };
}

function physicalOf({ context, final }: NewConstraint, column: LogicalColumn): string {
  const now = finalColumn(final, column).new;
  if (now !== null) return now;
  throw notYet(
    context,
    `a constraint on "${column.name}", which this file drops,`,
    'Leave one of them out.',
    ['columns'],
  );
}

interface Definition {
  /** What comes after ADD CONSTRAINT name. */
  sql: string;
  /** The columns as the unique index behind it lists them, with INCLUDE and WITH; null: no index. */
  index: string | null;
  partners: LogicalTable['ref'][];
  /** Physical columns a CHECK reads. */
  reads: string[];
  check?: (operand: Operand) => string;
  /** Whether a row's value, given operand by operand, is found in the table a foreign key points to. */
  found?: (values: string[]) => string;
}

async function definition(at: NewConstraint, physical: string[]): Promise<Definition> {
  const { body, context, before, final, finalSchema, word } = at;
  const list = (columns: string[]) => columns.map(quoteIdentifier).join(', ');
  if (body.check !== undefined && word === 'CHECK') {
    const pointer = context.pointer('check');
    const bound = bindNew(await parseExpression(body.check, pointer), before, final, pointer);
    const inherit = body.no_inherit === true ? ' NO INHERIT' : '';
    return {
      sql: `CHECK (${bound.row})${inherit}`,
      index: null,
      partners: [],
      reads: bound.sources,
      check: bound.as,
    };
  }
  if (body.references !== undefined && word === 'FOREIGN_KEY') {
    const { references } = body;
    const place = (...path: string[]) => context.pointer('references', ...path);
    const target = finalTable(finalSchema, findTable(finalSchema, references.table, place('table')));
    const to = references.columns.map((name, index) => {
      const found = target.columns.find((column) => column.name === name)?.new;
      if (found == null) throw columnNotFound(target, name, place('columns', String(index)));
      return found;
    });
    if (to.length !== physical.length)
      throw invalid(context, `${physical.length} columns point to ${to.length}`, 'references', 'columns');
    refuseWithoutKey(context, target, to);
    const clause = foreignKeyClause(references, (field) => place(field), setColumns(at));
    const row = (values: string[]) =>
      to.map((column, index) => `referenced.${quoteIdentifier(column)} = ${values[index]}`).join(' AND ');
    return {
      sql: `FOREIGN KEY (${list(physical)}) REFERENCES ${tableSql(target.ref)} (${list(to)})${clause}`,
      index: null,
      partners: [target.ref],
      reads: physical,
      found: (values) => `EXISTS (SELECT 1 FROM ${tableSql(target.ref)} AS referenced WHERE ${row(values)})`,
    };
  }
  const include = (body.index_parameters?.include_columns ?? []).map((name, index) => {
    const column = final.columns.find((candidate) => candidate.name === name)?.new;
    if (column == null)
      throw columnNotFound(
        final,
        name,
        context.pointer('index_parameters', 'include_columns', String(index)),
      );
    return column;
  });
  const { storage_parameters: storage, tablespace } = body.index_parameters ?? {};
  const more = [
    include.length === 0 ? '' : ` INCLUDE (${list(include)})`,
    storage === undefined ? '' : ` WITH (${storage})`,
  ].join('');
  const space = tablespace === undefined ? '' : ` TABLESPACE ${quoteIdentifier(tablespace)}`;
  const words = word === 'PRIMARY_KEY' ? 'PRIMARY KEY' : 'UNIQUE';
  const index = await parsedIndex(
    `CREATE UNIQUE INDEX CONCURRENTLY ${quoteIdentifier(body.name)} ON ${tableSql(final.ref)} (${list(physical)})${more}${space}`,
    { keys: physical.length, included: include.length },
    () => invalid(context, 'The storage parameters do not parse', 'index_parameters', 'storage_parameters'),
  );
  const using = space === '' ? '' : ` USING INDEX${space}`;
  return { sql: `${words} (${list(physical)})${more}${using}`, index, partners: [], reads: physical };
}

function invalid(context: OperationContext, detail: string, ...field: string[]): MigrationFileInvalid {
  return new MigrationFileInvalid(detail, {
    problems: [{ pointer: context.pointer(...field), detail }],
    action: 'Correct the constraint.',
  });
}

/** Physical columns that ON DELETE SET sets. */
function setColumns({ body, context, final }: NewConstraint): string[] {
  if ((body.references?.on_delete_set_columns ?? []).length > 0)
    refuseBefore(context, 15, 'on_delete_set_columns', ['references', 'on_delete_set_columns']);
  return (body.references?.on_delete_set_columns ?? []).map((name, index) => {
    const column = final.columns.find((candidate) => candidate.name === name)?.new;
    if (column == null || !(body.columns ?? []).includes(name))
      throw invalid(
        context,
        `"${name}" is not among the columns of the constraint`,
        'references',
        'on_delete_set_columns',
        String(index),
      );
    return column;
  });
}

/** Throws MigrationFileInvalid when no unique key of the table is made of these columns. */
function refuseWithoutKey(context: OperationContext, target: LogicalTable, columns: string[]): void {
  const wanted = columns.toSorted().join('\0');
  const keys = (target.source?.indexes ?? []).filter(
    ({ unique, valid, definition }) => unique && valid && !/ WHERE /.test(definition),
  );
  if (target.source === null || keys.some((index) => index.columns.toSorted().join('\0') === wanted)) return;
  throw invalid(
    context,
    `Table "${target.name}" has no primary key or unique constraint over ${columns.join(', ')}`,
    'references',
    'columns',
  );
}

/** The unique index, built while clients write, and the constraint made of it. */
function indexSteps(at: NewConstraint, sql: string): { build: StepDraft[]; attach: StepDraft[] } {
  const { body, context, word } = at;
  const { ref } = at.final;
  const build: StepDraft = {
    kind: 'create_index',
    purpose: `Build the unique index ${body.name}`,
    table: ref,
    index: body.name,
    sql,
    unique: true,
  };
  if (word === 'UNIQUE') return { build: [build], attach: [uniqueFromIndex(ref, body.name, body.name)] };
  const notNull = nullableInPlace(at).flatMap((column) =>
    setNotNull(ref, column, hashedName(context.migration, ref.name, 'not_null', column)),
  );
  const attach = uniqueFromIndex(ref, body.name, body.name, { words: 'PRIMARY KEY' });
  return { build: [build], attach: [...notNull, attach] };
}

/** Physical columns that a primary key makes NOT NULL in place, and that were not. */
function nullableInPlace({ columns, final }: NewConstraint): string[] {
  return columns.flatMap((column) => {
    const { old, new: now } = finalColumn(final, column);
    const standing = final.source?.columns.find(({ physical }) => physical === now);
    return old !== null && old === now && standing?.notNull === false ? [old] : [];
  });
}

/** Whether nothing that old clients write can break it: they leave NULL in a column of it, or have none of them. */
function harmless({ final, word }: NewConstraint, physical: string[], reads: string[]): boolean {
  const column = (name: string) => final.columns.find((candidate) => candidate.new === name);
  const unknownToOld = (name: string) => column(name)?.old === null && column(name)?.derived === false;
  if (word === 'CHECK') return reads.length > 0 && reads.every(unknownToOld);
  if (word === 'PRIMARY_KEY') return false;
  return physical.some(
    (name) => unknownToOld(name) && column(name)?.default === null && column(name)?.notNull === false,
  );
}

/** Rows of today that would break it, counted before anything runs; none where a value is not known beforehand. */
function questions(at: NewConstraint, physical: string[], made: Definition): Pieces['checks'] {
  const { body, context, final, before, doubled, word } = at;
  const own = tableSql(final.ref);
  const unknown: string[] = [];
  const valueAt: Operand = (name) => {
    const column = final.columns.find((candidate) => candidate.new === name);
    const altered = doubled.find((candidate) => candidate.physical === name);
    if (altered !== undefined) {
      const up = bindOld(altered.up, before, altered.pointer('up'));
      return `CAST((${up.as((read) => `${own}.${quoteIdentifier(read)}`)}) AS ${altered.to.sql})`;
    }
    if (column?.old !== name) unknown.push(name);
    return `${own}.${quoteIdentifier(name)}`;
  };
  const values = physical.map((name) => valueAt(name, false));
  const given = values.map((value) => `${value} IS NOT NULL`).join(' AND ');
  const count = (from: string) => `SELECT count(*) AS count FROM ${from}`;
  const question = (name: string, sql: string, problem: string) => ({
    id: `${context.index + 1}.${name}`,
    operation: context.index,
    sql,
    problem,
    action: 'Correct the rows, or make up give values that satisfy it.',
  });
  const list: Pieces['checks'] = [];
  if (made.check !== undefined)
    list.push(
      question('check', count(`${own} WHERE NOT (${made.check(valueAt)})`), `Rows that break ${body.name}`),
    );
  else if (made.found !== undefined)
    list.push(
      question(
        'references',
        count(`${own} WHERE ${given} AND NOT ${made.found(values)}`),
        `Rows that ${body.name} finds no row for in "${body.references?.table}"`,
      ),
    );
  else {
    const groups = `(SELECT 1 FROM ${own} WHERE ${given} GROUP BY ${values.join(', ')} HAVING count(*) > 1) AS duplicates`;
    list.push(
      question('unique', count(groups), `Values that occur more than once, while ${body.name} is unique`),
    );
    if (word === 'PRIMARY_KEY')
      list.push(
        question(
          'not_null',
          count(`${own} WHERE NOT (${given})`),
          `Rows with NULL in a column of ${body.name}`,
        ),
      );
  }
  return unknown.length === 0 ? list : [];
}
