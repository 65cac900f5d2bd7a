import { DuplicateOperation, NameTaken, OperationUnsupported } from '../errors.ts';
import type { LogicalColumn, LogicalTable } from '../plan/logical.ts';
import type { Table } from '../plan/snapshot.ts';
import type { OperationContext } from './operation.ts';

/** What stands in the format, or is asked in a combination, that is not built. */
export function notYet(
  context: OperationContext,
  what: string,
  action: string,
  field: string[] = [],
): OperationUnsupported {
  const detail = `Operation ${context.index + 1}: ${what} is not supported yet`;
  return new OperationUnsupported(detail, {
    problems: [{ pointer: context.pointer(...field), detail }],
    evidence: { operation: context.index + 1 },
    action,
  });
}

/** The table as it stands. Throws OperationUnsupported for tables of this file, single partitions and foreign tables. */
export function standingTable(context: OperationContext, table: LogicalTable): Table {
  const { source } = table;
  if (source === null) {
    throw notYet(
      context,
      `changing "${table.name}", which this file creates,`,
      'Write it into its create_table.',
      ['table'],
    );
  }
  if (source.kind === 'partition' || source.kind === 'foreign') {
    const what = source.kind === 'partition' ? 'partition' : 'foreign table';
    const way =
      source.kind === 'partition' ? 'Change the table it is a part of.' : 'Change it by a sql operation.';
    throw notYet(context, `changing the ${what} "${table.name}"`, way, ['table']);
  }
  if (source.rowSecurity && context.snapshot.serverVersion < 150_000) {
    const what = `a table with row security on PostgreSQL before 15, where a view would bypass it ("${table.name}"),`;
    throw notYet(context, what, 'Upgrade PostgreSQL to 15 or newer first.', ['table']);
  }
  if (source.rowSecurity && source.grants.some((grant) => grant.columns !== null)) {
    const what = `a table with row security and rights on single columns ("${table.name}"), which no view can keep both,`;
    throw notYet(context, what, 'Grant rights on the whole table.', ['table']);
  }
  return source;
}

/** Throws OperationUnsupported where the server is older than the major that has this. */
export function refuseBefore(context: OperationContext, major: number, what: string, field: string[]): void {
  if (context.snapshot.serverVersion >= major * 10_000) return;
  throw notYet(
    context,
    `${what} on PostgreSQL before ${major}`,
    `Leave it out, or upgrade PostgreSQL to ${major} first.`,
    field,
  );
}

/** Throws DuplicateOperation when another operation of the file changed the column. */
export function refuseChangedTwice(
  context: OperationContext,
  table: LogicalTable,
  column: LogicalColumn,
): void {
  if (column.changedBy === null) return;
  const detail = `Column "${column.name}" of "${table.name}" is changed by operation ${column.changedBy + 1} already`;
  throw new DuplicateOperation(detail, {
    problems: [{ pointer: context.pointer('column'), detail }],
    evidence: {
      table: table.name,
      column: column.name,
      operations: [column.changedBy + 1, context.index + 1],
    },
    action: 'Put all changes of one column into one operation, or into two migrations.',
  });
}

/** Throws OperationUnsupported for columns that a key or a generated value holds in place. */
export function refuseHeldColumn(
  context: OperationContext,
  source: Table,
  column: LogicalColumn,
  doing: string,
): void {
  const reason = heldBy(source, column);
  if (reason === null) return;
  const way = 'Keep the column, and add another beside it.';
  throw notYet(context, `${doing} "${column.name}", ${reason},`, way, ['column']);
}

/** Why a second column cannot take over from this one, or null when it can. */
export function heldBy(source: Table, column: LogicalColumn): string | null {
  const physical = column.old ?? '';
  const primary = source.constraints.find((constraint) => constraint.type === 'primary_key');
  if (primary?.columns.includes(physical)) return 'a primary key column';
  if (source.key.includes(physical)) return 'a column of the key that rows are walked by';
  const foreign = source.referencedBy.find((reference) => reference.referencedColumns.includes(physical));
  if (source.partitionKey?.includes(physical)) return 'a column of the partition key';
  if (foreign !== undefined)
    return `to which ${foreign.schema}.${foreign.table} points by ${foreign.constraint}`;
  if (column.identity) return 'an identity column';
  if (column.generated) return 'a generated column';
  const computed = source.columns.find(({ computedFrom }) => computedFrom?.includes(physical));
  if (computed !== undefined) return `from which the generated column "${computed.name}" is computed`;
  const exclude = source.constraints.find(
    (constraint) => constraint.type === 'exclude' && constraint.columns.includes(physical),
  );
  return exclude === undefined ? null : `a column of the exclusion constraint ${exclude.name}`;
}

/**
 * Throws OperationUnsupported for columns of a UNIQUE constraint that is checked at commit: its copy is built as an
 * index, which refuses at once, and clients that rely on the delay would be refused while it is built.
 */
export function refuseDeferredUnique(
  context: OperationContext,
  source: Table,
  column: LogicalColumn,
  /** A constraint that is not copied. */
  without?: string,
): void {
  const deferred = source.constraints.find(
    ({ name, type, columns, definition }) =>
      type === 'unique' &&
      name !== without &&
      columns.includes(column.old ?? '') &&
      definition.includes(' DEFERRABLE'),
  );
  if (deferred === undefined) return;
  throw notYet(
    context,
    `altering "${column.name}", a column of ${deferred.name}, which is checked at commit,`,
    'Drop the constraint first, or add another column beside it.',
    ['column'],
  );
}

/** Throws NameTaken when a constraint of the table, or a relation for one that makes an index, has the name. */
export function refuseTakenName(
  context: OperationContext,
  table: LogicalTable,
  name: string,
  field: string[],
  relation: boolean,
): void {
  const constraint =
    table.source?.constraints.some((other) => other.name === name) === true ||
    table.named?.includes(name) === true;
  const taken = relation && context.schema.taken.includes(name);
  if (!constraint && !taken) return;
  const detail = `The name "${name}" is taken ${constraint ? `by a constraint of "${table.name}"` : `in schema "${context.schema.name}"`}`;
  throw new NameTaken(detail, {
    problems: [{ pointer: context.pointer(...field), detail }],
    evidence: { name },
    action: 'Choose another name.',
  });
}
