import type { LogicalTable } from '../plan/logical.ts';
import type { Pieces, StepDraft } from '../plan/pieces.ts';
import type { TableRef } from '../plan/schemas.ts';
import type { Constraint } from '../plan/snapshot.ts';
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
    const relaxed = relaxConstraint(context, table, constraint);
    statements.push(...relaxed.statements);
    partners.push(...relaxed.partners);
    undoContract.push(...relaxed.undoContract);
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

/** How the soft contract takes one CHECK, FOREIGN KEY or UNIQUE constraint away, and how undo gives it back. */
export function relaxConstraint(
  context: OperationContext,
  table: LogicalTable,
  { name, type, definition, references, validated }: Constraint,
): { statements: string[]; partners: TableRef[]; undoContract: StepDraft[] } {
  const { source, ref } = table;
  const drop = `ALTER TABLE ${tableSql(ref)} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(name)}`;
  if (type === 'check' || type === 'foreign_key') {
    const target = context.snapshot.tables.find(
      (other) => other.physical === references?.table && references.schema === context.snapshot.schema,
    );
    const partners =
      target === undefined ? [] : [{ schema: ref.schema, name: target.physical, oid: target.oid }];
    const add = restoreConstraint(definition, ref, name);
    const back = transaction(`Give ${name} back`, [ref, ...partners], [drop, add]);
    return {
      statements: [drop],
      partners,
      undoContract: [back, ...(validated ? [validate(ref, name)] : [])],
    };
  }
  if (type !== 'unique') return { statements: [], partners: [], undoContract: [] };
  const index = source?.indexes.find((candidate) => candidate.constraint === name);
  return {
    statements: [drop],
    partners: [],
    undoContract:
      index === undefined ? [] : rebuilt(context, table, index.name, index.definition, definition),
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
