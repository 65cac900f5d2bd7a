import type { OperationOf } from '../file/schema.ts';
import { findTable } from '../plan/logical.ts';
import { pieces, type StepDraft } from '../plan/pieces.ts';
import type { ReturningConstraint, TableRef } from '../plan/schemas.ts';
import { tableSql, transaction, validate } from '../plan/steps.ts';
import { restoreConstraint } from '../sql/definition.ts';
import { quoteIdentifier } from '../sql/identifiers.ts';
import { keyOf } from './keys.ts';
import type { Applied, OperationContext } from './operation.ts';
import { notYet, standingTable } from './refusals.ts';
import { returningForeignKey } from './returning.ts';

/** A table new clients no longer have; it stays with its rows until the end of the undo window. */
export async function dropTable(
  body: OperationOf<'drop_table'>,
  context: OperationContext,
): Promise<Applied> {
  const before = findTable(context.schema, body.name, context.pointer('name'));
  const source = standingTable(context, before);
  if ([...before.columns, ...before.dropped].some((column) => column.changedBy !== null)) {
    throw notYet(context, `dropping "${body.name}", which this file changes,`, 'Only drop it.', ['name']);
  }
  const { tables, droppedTables } = context.schema;
  const schema = {
    ...context.schema,
    tables: tables.filter((table) => table.ref.name !== before.ref.name),
    droppedTables: [...droppedTables, before],
  };
  const { ref } = before;
  const views = source.dependants.map((view) => `${view.schema}.${view.name}`);
  return {
    schema,
    pieces: async () => {
      const foreign = foreignKeys(context, ref, source);
      return pieces({
        summary: `Drop table "${body.name}"`,
        undo: 'exact',
        undoReason: 'The table stays with its rows until removal',
        relax: foreign.map(({ partners, drop }) => ({ tables: partners, statements: [drop] })),
        undoContract: foreign.flatMap(({ back }) => back),
        // Only its owner may drop a foreign key that points here.
        rights: foreign.flatMap(({ partners }) =>
          partners.slice(0, 1).map((table) => ({ kind: 'owner' as const, table })),
        ),
        returning: foreign.flatMap(({ returning }) => returning),
        removal: {
          drop: [
            {
              tables: [ref, ...foreign.flatMap(({ partners }) => partners)],
              statements: [`DROP TABLE IF EXISTS ${tableSql(ref)}`],
            },
          ],
          finish: [],
          indexes: [],
        },
        removalBackups: [
          {
            id: `${context.index + 1}.${ref.name}`,
            table: ref,
            key: keyOf(before),
            columns: source.columns.map((column) => column.physical),
            where: 'true',
          },
        ],
        notes:
          views.length === 0
            ? []
            : [
                {
                  code: 'dependants',
                  severity: 'consent',
                  operation: context.index,
                  text: `Operation ${context.index + 1} drops "${body.name}", which ${views.slice(0, 20).join(', ')} read; removal is refused while they stand.`,
                },
              ],
      });
    },
  };
}

interface ForeignKey {
  partners: TableRef[];
  drop: string;
  back: StepDraft[];
  returning: ReturningConstraint[];
}

/** Foreign keys from and to the table: a table nobody writes any more would block the others' deletes and inserts. */
function foreignKeys(
  context: OperationContext,
  ref: TableRef,
  source: NonNullable<Applied['schema']['tables'][number]['source']>,
): ForeignKey[] {
  const refOf = (schema: string, physical: string): TableRef[] => {
    const table = context.snapshot.tables.find((candidate) => candidate.physical === physical);
    return table === undefined || schema !== ref.schema ? [] : [{ schema, name: physical, oid: table.oid }];
  };
  const own = source.constraints.flatMap((constraint) =>
    constraint.type === 'foreign_key'
      ? [
          {
            holder: ref,
            holderSource: source,
            name: constraint.name,
            columns: constraint.columns,
            definition: constraint.definition,
            references: constraint.references,
            other: refOf(constraint.references?.schema ?? ref.schema, constraint.references?.table ?? ''),
          },
        ]
      : [],
  );
  const others = source.referencedBy
    .filter((reference) => reference.oid !== source.oid)
    .map((reference) => ({
      holder: { schema: reference.schema, name: reference.table, oid: reference.oid },
      holderSource: context.snapshot.tables.find(({ oid }) => oid === reference.oid),
      name: reference.constraint,
      columns: reference.columns,
      definition: reference.definition,
      references: { schema: ref.schema, table: ref.name, columns: reference.referencedColumns },
      other: [ref],
    }));
  return [...own, ...others].map((foreign) => {
    const { holder, holderSource, name, columns, definition, references, other } = foreign;
    const drop = `ALTER TABLE ${tableSql(holder)} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(name)}`;
    const partners = [holder, ...other];
    const add = restoreConstraint(definition, holder, name);
    const give = transaction(`Give ${name} back`, partners, [drop, add]);
    if (references === null || definition.endsWith(' NOT VALID'))
      return { partners, drop, back: [give], returning: [] };
    const returning = returningForeignKey(
      { ref: holder, source: holderSource },
      { name, columns, definition, references },
    );
    const back = [give, { ...validate(holder, name), whole: returning.id }];
    return { partners, drop, back, returning: [returning] };
  });
}
