import { DownRequired, MigrationFileInvalid } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import {
  finalTable,
  findTable,
  type LogicalColumn,
  type LogicalTable,
  replaceTable,
} from '../plan/logical.ts';
import { combined, type Pieces, pieces } from '../plan/pieces.ts';
import type { Note } from '../plan/schemas.ts';
import type { Constraint, Table } from '../plan/snapshot.ts';
import { isIdentity } from '../sql/facts.ts';
import { doubleColumn, withColumns } from './double.ts';
import { findConstraint } from './named_constraint.ts';
import type { Applied, OperationContext } from './operation.ts';
import { heldBy, notYet, refuseChangedTwice, refuseDeferredUnique, standingTable } from './refusals.ts';
import { relaxConstraint } from './relax.ts';
import { shadowPieces } from './shadow.ts';

/** Expressions of one column of the constraint, with their fields in the file. */
interface Side {
  up: string | undefined;
  down: string | undefined;
  pointer: (side: 'up' | 'down') => string;
}

/** Drops a constraint of one column: the older form of drop_multicolumn_constraint. */
export async function dropConstraint(
  body: OperationOf<'drop_constraint'>,
  context: OperationContext,
): Promise<Applied> {
  const found = standing(body, context);
  const { columns } = found.constraint;
  if (columns.length > 1) {
    const detail = `"${body.name}" is a constraint over ${columns.length} columns`;
    throw new MigrationFileInvalid(detail, {
      problems: [{ pointer: context.pointer('name'), detail }],
      evidence: { constraint: body.name, columns },
      action: 'Use drop_multicolumn_constraint, with down for each column.',
    });
  }
  return without(found, context, () => ({
    up: body.up,
    down: body.down,
    pointer: (side) => context.pointer(side),
  }));
}

/** Drops a constraint of any number of columns; `down` says what old clients see where it is broken. */
export async function dropMultiColumnConstraint(
  body: OperationOf<'drop_multicolumn_constraint'>,
  context: OperationContext,
): Promise<Applied> {
  const found = standing(body, context);
  const names = found.columns.map(({ name }) => name);
  for (const side of ['up', 'down'] as const) {
    const unknown = Object.keys(body[side] ?? {}).find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    const detail = `"${unknown}" is not a column of "${body.name}" (${names.join(', ')})`;
    throw new MigrationFileInvalid(detail, {
      problems: [{ pointer: context.pointer(side, unknown), detail }],
      action: 'Give expressions for its columns only.',
    });
  }
  const missing = names.find((name) => !Object.hasOwn(body.down, name));
  if (missing !== undefined) {
    const detail = `"${body.name}" holds the column "${missing}": old clients, who keep the constraint, need a value for it`;
    throw new DownRequired(detail, {
      problems: [{ pointer: context.pointer('down'), detail }],
      evidence: { constraint: body.name, column: missing },
      action: `Give down for "${missing}".`,
    });
  }
  return without(found, context, ({ name }) => ({
    up: body.up?.[name],
    down: body.down[name],
    pointer: (side) => context.pointer(side, name),
  }));
}

interface Found {
  before: LogicalTable;
  source: Table;
  constraint: Constraint;
  columns: LogicalColumn[];
}

function standing(body: { table: string; name: string }, context: OperationContext): Found {
  const before = findTable(context.schema, body.table, context.pointer('table'));
  const source = standingTable(context, before);
  const constraint = findConstraint(context, before, body.name, 'name');
  const waysOut: Partial<Record<Constraint['type'], string>> = {
    primary_key: 'Keep it: rows are told apart by it.',
    not_null: 'Use alter_column with nullable: true.',
    exclude: 'Drop it by a sql operation with onComplete.',
  };
  const wayOut = waysOut[constraint.type];
  if (wayOut !== undefined)
    throw notYet(context, `dropping the ${constraint.type} constraint "${body.name}"`, wayOut, ['name']);
  const columns = before.columns.filter(({ old }) => old !== null && constraint.columns.includes(old));
  for (const column of columns) refuseChangedTwice(context, before, column);
  return { before, source, constraint, columns };
}

/**
 * The new version writes columns of its own, which the constraint does not hold. Where they would always hold the same
 * values, or the columns cannot be doubled, the constraint goes at contract and holds new clients until then.
 */
async function without(
  { before, source, constraint, columns }: Found,
  context: OperationContext,
  sideOf: (column: LogicalColumn) => Side,
): Promise<Applied> {
  const held = columns.flatMap((column) => heldBy(source, column) ?? [])[0];
  const sides = columns.map((column) => ({ column, ...sideOf(column) }));
  const facts = {
    summary: `Drop constraint "${constraint.name}" of "${before.name}"`,
    undo: 'lossy' as const,
    undoReason: 'Rows that only the new version allows keep the constraint from returning; undo names them',
    rights: [{ kind: 'owner' as const, table: before.ref }],
  };
  const same = await Promise.all(
    sides.map(
      async ({ column, up, down, pointer }) =>
        (await isIdentity(up, column.name, pointer('up'))) && isIdentity(down, column.name, pointer('down')),
    ),
  );
  if (held !== undefined || same.every(Boolean)) {
    return {
      schema: context.schema,
      pieces: async () => atContract(context, before, constraint, facts, held),
    };
  }
  const doubled: Awaited<ReturnType<typeof doubleColumn>>[] = [];
  for (const { column: old, up, down, pointer } of sides) {
    refuseDeferredUnique(context, source, old, constraint.name);
    const body = { table: before.name, column: old.name, up, down };
    doubled.push(
      await doubleColumn({ context, before, source, old, body, pointer, without: constraint.name }),
    );
  }
  const after = withColumns(
    before,
    doubled.map(({ column }) => column),
  );
  return {
    schema: replaceTable(context.schema, after),
    pieces: async (finalSchema) => {
      const final = finalTable(finalSchema, after);
      const each = [];
      for (const { altered } of doubled) each.push(await shadowPieces(altered, final, finalSchema));
      return combined(pieces(facts), each);
    },
  };
}

async function atContract(
  context: OperationContext,
  table: LogicalTable,
  constraint: Constraint,
  facts: Pick<Pieces, 'summary' | 'undo' | 'undoReason' | 'rights'>,
  held: string | undefined,
): Promise<Pieces> {
  const { statements, partners, undoContract, returning } = await relaxConstraint(context, table, constraint);
  const why = held === undefined ? 'up and down change nothing' : `its columns cannot be doubled (${held})`;
  const note: Note = {
    code: 'dropped_at_contract',
    severity: held === undefined ? 'info' : 'consent',
    operation: context.index,
    text: `The constraint ${constraint.name} goes only at contract, because ${why}: until then it holds new clients too.`,
  };
  const relax = [{ tables: [table.ref, ...partners], statements }];
  return pieces({ ...facts, relax, undoContract, returning, notes: [note] });
}
