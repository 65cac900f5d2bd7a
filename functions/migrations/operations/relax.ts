import type { LogicalTable } from '../plan/logical.ts';
import type { Pieces, StepDraft } from '../plan/pieces.ts';
import type { ReturningConstraint, TableRef } from '../plan/schemas.ts';
import type { Constraint, Table } from '../plan/snapshot.ts';
import { setNotNull, tableSql, transaction, uniqueFromIndex, validate } from '../plan/steps.ts';
import { indexColumns, rebuildIndex, restoreConstraint } from '../sql/definition.ts';
import { hashedName, quoteIdentifier } from '../sql/identifiers.ts';
import type { OperationContext } from './operation.ts';
import { returningCheck, returningForeignKey, returningNotNull, returningUnique } from './returning.ts';

type Relaxed = Pick<Pieces, 'relax' | 'relaxIndexes' | 'undoContract' | 'returning'>;

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
  const returning: ReturningConstraint[] = [];
  const partners = [ref];
  const alter = `ALTER TABLE ${tableSql(ref)}`;
  if (source === null) return { relax: [], relaxIndexes, undoContract, returning };
  const holder = { ref, source };
  if (source.columns.find((column) => column.physical === physical)?.notNull === true) {
    statements.push(`${alter} ALTER COLUMN ${quoteIdentifier(physical)} DROP NOT NULL`);
    const back = returningNotNull(holder, physical);
    returning.push(back);
    const [add, ...whole] = setNotNull(
      ref,
      physical,
      hashedName(context.migration, ref.name, 'undo', physical),
    );
    if (add !== undefined) undoContract.push(add, ...whole.map((step) => ({ ...step, whole: back.id })));
  }
  for (const constraint of source.constraints) {
    if (!constraint.columns.includes(physical)) continue;
    const relaxed = await relaxConstraint(context, table, constraint);
    statements.push(...relaxed.statements);
    partners.push(...relaxed.partners);
    undoContract.push(...relaxed.undoContract);
    returning.push(...relaxed.returning);
  }
  for (const index of source.indexes) {
    if (!index.unique || index.primary || index.constraint !== null) continue;
    const { columns } = await indexColumns(index.definition);
    if (!columns.includes(physical)) continue;
    returning.push(await returningUnique(holder, { ...index, columns }));
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
    returning,
  };
}

/** How the soft contract takes one CHECK, FOREIGN KEY or UNIQUE constraint away, and how undo gives it back. */
export async function relaxConstraint(
  context: OperationContext,
  table: LogicalTable,
  constraint: Constraint,
): Promise<{
  statements: string[];
  partners: TableRef[];
  undoContract: StepDraft[];
  returning: ReturningConstraint[];
}> {
  const { name, type, columns, definition, references, validated } = constraint;
  const { ref } = table;
  const holder = { ref, source: table.source ?? undefined };
  const drop = `ALTER TABLE ${tableSql(ref)} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(name)}`;
  if (type === 'check' || type === 'foreign_key') {
    const target = context.snapshot.tables.find(
      (other) => other.physical === references?.table && references.schema === context.snapshot.schema,
    );
    const partners =
      target === undefined ? [] : [{ schema: ref.schema, name: target.physical, oid: target.oid }];
    const add = restoreConstraint(definition, ref, name);
    const give = transaction(`Give ${name} back`, [ref, ...partners], [drop, add]);
    const back = validated ? returningOf(holder, constraint) : undefined;
    const whole = validated
      ? [{ ...validate(ref, name), ...(back === undefined ? {} : { whole: back.id }) }]
      : [];
    return {
      statements: [drop],
      partners,
      undoContract: [give, ...whole],
      returning: back === undefined ? [] : [back],
    };
  }
  if (type !== 'unique') return { statements: [], partners: [], undoContract: [], returning: [] };
  const index = holder.source?.indexes.find((candidate) => candidate.constraint === name);
  return {
    statements: [drop],
    partners: [],
    undoContract:
      index === undefined ? [] : rebuilt(context, table, index.name, index.definition, definition),
    returning:
      index === undefined
        ? []
        : [await returningUnique(holder, { name, columns, definition: index.definition })],
  };
}

/** The same of a CHECK or FOREIGN KEY. */
function returningOf(
  holder: { ref: TableRef; source: Table | undefined },
  { type, references, ...constraint }: Constraint,
): ReturningConstraint | undefined {
  if (type === 'check') return returningCheck(holder, constraint);
  return references === null ? undefined : returningForeignKey(holder, { ...constraint, references });
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
