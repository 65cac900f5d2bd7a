import { MigrationFileInvalid } from '../errors.ts';
import type { OperationOf } from '../file/schema.ts';
import {
  finalTable,
  findColumn,
  findTable,
  type LogicalColumn,
  type LogicalTable,
  replaceTable,
} from '../plan/logical.ts';
import { combined, pieces } from '../plan/pieces.ts';
import { isIdentity } from '../sql/facts.ts';
import { oneOf } from './clauses.ts';
import { doubleColumn, withColumns } from './double.ts';
import type { Applied, OperationContext } from './operation.ts';
import {
  notYet,
  refuseChangedTwice,
  refuseDeferredUnique,
  refuseHeldColumn,
  refuseTakenName,
  standingTable,
} from './refusals.ts';
import { type Altered, shadowPieces } from './shadow.ts';
import { tableConstraintPieces } from './table-constraint.ts';

type Body = OperationOf<'create_constraint'>;

/**
 * A constraint over any number of columns, enforced at contract where old clients could break it. A column with `up`
 * or `down` gets a second physical one, so that old clients go on as they are; the others are constrained in place.
 */
export async function createConstraint(body: Body, context: OperationContext): Promise<Applied> {
  const before = findTable(context.schema, body.table, context.pointer('table'));
  const source = before.source === null ? null : standingTable(context, before);
  const word = oneOf(body.type, ['UNIQUE', 'CHECK', 'FOREIGN_KEY', 'PRIMARY_KEY'], context.pointer('type'));
  const indexed = word === 'UNIQUE' || word === 'PRIMARY_KEY';
  const columns = givenColumns(body, context, before, word !== 'CHECK');
  refuseMissing(body, context, word);
  refuseTakenName(context, before, body.name, ['name'], indexed);
  if (word === 'PRIMARY_KEY') refuseSecondKey(context, before);

  const doubled: { altered: Altered; column: LogicalColumn }[] = [];
  for (const old of columns) {
    const { up, down } = expressionsOf(body, old.name);
    const pointer = (side: 'up' | 'down') => context.pointer(side, old.name);
    const same =
      (await isIdentity(up, old.name, pointer('up'))) && (await isIdentity(down, old.name, pointer('down')));
    if (same || source === null) continue;
    refuseChangedTwice(context, before, old);
    refuseHeldColumn(context, source, old, 'changing');
    refuseDeferredUnique(context, source, old);
    const change = { table: body.table, column: old.name, up, down };
    doubled.push(await doubleColumn({ context, before, source, old, body: change, pointer }));
  }
  const keyColumns = word === 'PRIMARY_KEY' ? columns.map(({ id }) => id) : [];
  const widened = withColumns(
    { ...before, named: [...(before.named ?? []), body.name] },
    doubled.map(({ column }) => column),
  );
  const after: LogicalTable = {
    ...widened,
    columns: widened.columns.map((column) =>
      keyColumns.includes(column.id) ? { ...column, notNull: true } : column,
    ),
    changed: doubled.length > 0 || before.changed,
  };
  const taken = indexed ? [...context.schema.taken, body.name] : context.schema.taken;
  return {
    schema: { ...replaceTable(context.schema, after), taken },
    pieces: async (finalSchema) => {
      const final = finalTable(finalSchema, after);
      const each = [];
      for (const { altered } of doubled) each.push(await shadowPieces(altered, final, finalSchema));
      const { guard, ...own } = await tableConstraintPieces({
        body,
        word,
        context,
        columns,
        before,
        final,
        finalSchema,
        doubled: doubled.map(({ altered }) => altered),
      });
      const [first] = each.flatMap(({ flows }) => flows.filter(({ direction }) => direction === 'up'));
      if (first !== undefined && guard !== null) first.guards.push(guard);
      const worst = each.find(({ undo }) => undo === 'lossy');
      const facts = {
        summary: `Create the ${word.toLowerCase().replace('_', ' ')} constraint "${body.name}" on "${body.table}"`,
        undo: worst?.undo ?? ('exact' as const),
        undoReason: worst?.undoReason ?? 'The constraint is dropped',
      };
      return combined(pieces(facts), [...each, pieces({ ...facts, ...own })]);
    },
  };
}

const expressionsOf = (body: Body, column: string) => ({
  up: Object.hasOwn(body.up, column) ? body.up[column] : undefined,
  down: Object.hasOwn(body.down, column) ? body.down[column] : undefined,
});

function givenColumns(body: Body, context: OperationContext, table: LogicalTable, required: boolean) {
  const names = body.columns ?? [];
  const refuse = (detail: string, ...field: string[]) =>
    new MigrationFileInvalid(detail, {
      problems: [{ pointer: context.pointer(...field), detail }],
      action: 'Correct the columns of the constraint.',
    });
  if (required && names.length === 0) throw refuse('Expected at least one column', 'columns');
  const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
  if (twice !== -1) throw refuse(`Column "${names[twice]}" comes twice`, 'columns', String(twice));
  for (const side of ['up', 'down'] as const) {
    const unknown = Object.keys(body[side]).find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw refuse(`"${unknown}" is not among the columns of the constraint`, side, unknown);
  }
  return names.map((name, at) => findColumn(table, name, context.pointer('columns', String(at))));
}

function refuseMissing(body: Body, context: OperationContext, word: string): void {
  const field =
    word === 'CHECK' && body.check === undefined
      ? 'check'
      : word === 'FOREIGN_KEY' && body.references === undefined
        ? 'references'
        : null;
  if (field === null) return;
  const detail = `A constraint of type ${body.type} needs ${field}`;
  throw new MigrationFileInvalid(detail, {
    problems: [{ pointer: context.pointer(field), detail }],
    action: `Give ${field}.`,
  });
}

function refuseSecondKey(context: OperationContext, { name, source }: LogicalTable): void {
  const standing = source?.constraints.find(({ type }) => type === 'primary_key');
  if (standing === undefined) return;
  throw notYet(
    context,
    `a second primary key on "${name}" beside ${standing.name}`,
    'Use a unique constraint over NOT NULL columns.',
    ['type'],
  );
}
