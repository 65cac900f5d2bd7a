import type { LogicalTable } from '../plan/logical.ts';
import type { Pieces, StepDraft } from '../plan/pieces.ts';
import { setNotNull, tableSql, transaction, uniqueFromIndex, validate } from '../plan/steps.ts';
import { indexColumns, rebuildIndex, restoreConstraint } from '../sql/definition.ts';
import { hashedName, quoteIdentifier } from '../sql/identifiers.ts';
import type { OperationContext } from './operation.ts';

type Relaxed = Pick<Pieces, 'relax' | 'relaxIndexes' | 'undoContract'>;

/**
 * What the soft contract takes from a column only old clients have, so that no new client is refused for its sake,
 * and how undo gives it back: NOT NULL, CHECK, FOREIGN KEY, UNIQUE.
 */
export async function relaxOldColumn(
  context: OperationContext,
  table: LogicalTable,
  physical: string,
): Promise<Relaxed> {
  const { source, ref } = table;
  const statements: string[] = [];
  const undoContract: StepDraft[] = [];
  const relaxIndexes: StepDraft[] = [];
  const partners = [ref];
  const alter = `ALTER TABLE ${tableSql(ref)}`;
  if (source === null) return { relax: [], relaxIndexes, undoContract };
  if (source.columns.find((column) => column.physical === physical)?.notNull === true) {
    statements.push(`${alter} ALTER COLUMN ${quoteIdentifier(physical)} DROP NOT NULL`);
    undoContract.push(
      ...setNotNull(ref, physical, hashedName(context.migration, ref.name, 'undo', physical)),
    );
  }
  for (const constraint of source.constraints) {
    if (!constraint.columns.includes(physical)) continue;
    const drop = `${alter} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(constraint.name)}`;
    if (constraint.type === 'check' || constraint.type === 'foreign_key') {
      statements.push(drop);
      const target = context.snapshot.tables.find(
        (other) =>
          other.physical === constraint.references?.table &&
          constraint.references.schema === context.snapshot.schema,
      );
      const locked =
        target === undefined ? [] : [{ schema: ref.schema, name: target.physical, oid: target.oid }];
      partners.push(...locked);
      const add = restoreConstraint(constraint.definition, ref, constraint.name);
      undoContract.push(transaction(`Give ${constraint.name} back`, [ref, ...locked], [drop, add]));
      if (constraint.validated) undoContract.push(validate(ref, constraint.name));
    }
    if (constraint.type === 'unique') {
      statements.push(drop);
      const index = source.indexes.find((candidate) => candidate.constraint === constraint.name);
      if (index !== undefined)
        undoContract.push(...rebuilt(context, table, index.name, index.definition, constraint.definition));
    }
  }
  for (const index of source.indexes) {
    if (!index.unique || index.primary || index.constraint !== null) continue;
    if (!(await indexColumns(index.definition)).columns.includes(physical)) continue;
    relaxIndexes.push({
      kind: 'drop_index',
      purpose: `Let new clients write what ${index.name} would refuse`,
      schema: ref.schema,
      index: index.name,
    });
    undoContract.push(...rebuilt(context, table, index.name, index.definition, null));
  }
  return {
    relax: statements.length === 0 ? [] : [{ tables: partners, statements }],
    relaxIndexes,
    undoContract,
  };
}

/** `constraint`: the definition of the constraint that the index stands behind. */
function rebuilt(
  context: OperationContext,
  table: LogicalTable,
  name: string,
  definition: string,
  constraint: string | null,
): StepDraft[] {
  const index = constraint !== null ? hashedName(context.migration, table.ref.name, 'undo', name) : name;
  const sql = rebuildIndex(definition, name, index);
  const build: StepDraft = {
    kind: 'create_index',
    purpose: `Build ${name} again`,
    table: table.ref,
    index,
    sql,
    unique: true,
  };
  if (constraint === null) return [build];
  // A contract that failed half-way may never have come to dropping it.
  const drop = `ALTER TABLE ${tableSql(table.ref)} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(name)}`;
  const deferral = / (NOT )?DEFERRABLE( INITIALLY DEFERRED)?$/.exec(constraint)?.[0] ?? '';
  return [build, uniqueFromIndex(table.ref, name, index, { before: [drop], deferral })];
}
