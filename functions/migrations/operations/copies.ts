import type { LogicalColumn } from '../plan/logical.ts';
import { foreignKeyPart, indexPart, type Part } from '../plan/partition-names.ts';
import type { Change, StepDraft } from '../plan/pieces.ts';
import type { Index, Table } from '../plan/snapshot.ts';
import { renameConstraint, tableSql, transaction, uniqueFromIndex, validate } from '../plan/steps.ts';
import { type ColumnChange, copyConstraint, copyIndex, indexColumns } from '../sql/definition.ts';
import { hashedName, qualified, quoteIdentifier, quoteLiteral } from '../sql/identifiers.ts';
import { sameFamily, type TypeName } from '../sql/type.ts';
import type { ConstraintPieces, NewColumn } from './constraints.ts';

interface Conversion {
  from: TypeName;
  to: TypeName;
}

/**
 * Copies of the indexes and constraints of a column onto the one that follows it, so that the new version is as fast
 * and as strict. They are enforced at once where the old ones already prove them, otherwise at contract.
 */
export async function copyColumnObjects(
  at: NewColumn,
  old: LogicalColumn,
  conversion: Conversion,
  /** A constraint that the new version does not have. */
  without?: string,
): Promise<ConstraintPieces & { finish: Change[] }> {
  const result: ConstraintPieces & { finish: Change[] } = {
    index: [],
    constrain: [],
    enforce: [],
    checks: [],
    notes: [],
    rights: [],
    guards: [],
    finish: [],
  };
  const { source, ref } = at.final;
  if (source === null) return result;
  const physical = old.old ?? old.name;
  const renames: string[] = [];
  const family = sameFamily(conversion.from, conversion.to);
  const skip = (what: string) =>
    result.notes.push({
      code: 'not_copied',
      severity: 'warning',
      operation: at.context.index,
      text: `${what} does not carry over to the new type of "${old.name}": add one for the new version if it is needed.`,
    });

  for (const index of source.indexes) {
    const { columns, inExpression } = await indexColumns(index.definition);
    if (!columns.includes(physical) || index.primary || !index.valid) continue;
    if (without !== undefined && index.constraint === without) continue;
    const changes = changesOf(at, columns);
    if (!isFirst(at, changes)) continue;
    const safe = !joined(at, changes);
    if (changes === null || (inExpression.includes(physical) && !family)) {
      skip(`Index ${index.name}`);
      continue;
    }
    const name = hashedName(at.context.migration, ref.name, index.name);
    const sql = await copyIndex(index.definition, name, changes).catch(() => null);
    if (sql === null) {
      skip(`Index ${index.name}`);
      continue;
    }
    const build: StepDraft = {
      kind: 'create_index',
      purpose: `Build ${index.name} for the new version`,
      table: ref,
      index: name,
      sql,
      unique: index.unique,
    };
    const constrain = index.constraint === null ? [] : [uniqueFromIndex(ref, name, name)];
    if (!index.unique || safe) {
      result.index.push(build);
      result.constrain.push(...constrain);
    } else {
      result.enforce.push(build, ...constrain);
      result.notes.push(upsertNote(at, old, index.name));
    }
    renames.push(
      index.constraint === null
        ? renameIndex(qualified(ref.schema, name), ref.schema, index.name)
        : renameConstraint(tableSql(ref), name, index.constraint),
      ...partsOf(source, index.parts).map(({ part, was }) =>
        renameIndex(
          qualified(part.schema, indexPart(at.context.snapshot, source, part, name)),
          part.schema,
          was,
        ),
      ),
    );
  }
  for (const constraint of source.constraints) {
    if (!constraint.columns.includes(physical)) continue;
    if (constraint.type !== 'check' && constraint.type !== 'foreign_key') continue;
    if (constraint.name === without) continue;
    const changes = changesOf(at, constraint.columns);
    if (!isFirst(at, changes)) continue;
    const safe = !joined(at, changes);
    if (changes === null || !family) {
      skip(`Constraint ${constraint.name}`);
      continue;
    }
    const name = hashedName(at.context.migration, ref.name, constraint.name);
    const sql = await copyConstraint(constraint.definition, ref, name, changes).catch(() => null);
    if (sql === null) {
      skip(`Constraint ${constraint.name}`);
      continue;
    }
    const partner = at.context.snapshot.tables.find(
      (table) => table.physical === constraint.references?.table,
    );
    const partners =
      partner === undefined ? [] : [{ schema: ref.schema, name: partner.physical, oid: partner.oid }];
    const steps: StepDraft[] = [
      transaction(`Add ${constraint.name} for the new version`, [ref, ...partners], [sql]),
      ...(constraint.validated ? [validate(ref, name)] : []),
    ];
    (safe ? result.constrain : result.enforce).push(...steps);
    if (constraint.type === 'foreign_key')
      result.rights.push(...partners.map((table) => ({ kind: 'references' as const, table })));
    renames.push(
      renameConstraint(tableSql(ref), name, constraint.name),
      ...partsOf(source, constraint.parts).map(({ part, was }) =>
        renameConstraint(tableSql(part), foreignKeyPart(at.context.snapshot, source, part, name), was),
      ),
    );
  }
  if (renames.length > 0) result.finish.push({ tables: [ref], statements: renames });
  return result;
}

/** The partitions that have a part of something, and what it is called there. */
function partsOf(source: Table, parts: Index['parts'] = []): { part: Part; was: string }[] {
  const partitions = [...(source.partitions ?? []), ...(source.branches ?? [])];
  return partitions.flatMap((part) =>
    parts.flatMap(({ table, name }) => (table === part.oid ? [{ part, was: name }] : [])),
  );
}

/** The copy comes with the contract, and the server takes an ON CONFLICT only where a unique index stands. */
function upsertNote(at: NewColumn, old: LogicalColumn, index: string): ConstraintPieces['notes'][number] {
  const text =
    `INSERT … ON CONFLICT of new clients over the columns of ${index} fails (42P10) until contract: two old values of "${old.name}" ` +
    'may become one new value, so the copy of the index is built when old clients are gone. Keep such upserts in the old version until then.';
  return { code: 'upsert_until_contract', severity: 'warning', operation: at.context.index, text };
}

/** Where the columns of an object went; null when one of them is dropped. */
function changesOf(at: NewColumn, columns: string[]): ColumnChange[] | null {
  const all = [...at.final.columns, ...at.final.dropped].filter(
    (column) => column.old !== null && columns.includes(column.old),
  );
  if (all.some((column) => column.new === null)) return null;
  return all.flatMap(({ old, new: now }) =>
    old !== null && now !== null && old !== now ? [{ from: old, to: now }] : [],
  );
}

const changedColumns = (at: NewColumn, changes: ColumnChange[] | null) =>
  at.final.columns.filter((column) => (changes ?? []).some(({ to }) => to === column.new));

/** Of several changed columns of one object, the first one of the first operation copies it. */
function isFirst(at: NewColumn, changes: ColumnChange[] | null): boolean {
  const columns = changedColumns(at, changes);
  const operations = columns.flatMap(({ changedBy }) => changedBy ?? []);
  if (operations.length === 0) return true;
  const first = columns.find(({ changedBy }) => changedBy === Math.min(...operations));
  return first?.id === at.column.id;
}

/** Rows that the old object accepts may break its copy. */
function joined(at: NewColumn, changes: ColumnChange[] | null): boolean {
  return changedColumns(at, changes).some(({ joins }) => joins === true);
}

/** Renames when the copy stands and the name is free: what could not be copied must not stop the removal. */
function renameIndex(copy: string, schema: string, name: string): string {
  const free = `to_regclass(${quoteLiteral(copy)}) IS NOT NULL AND to_regclass(${quoteLiteral(qualified(schema, name))}) IS NULL`;
  const rename = `ALTER INDEX ${copy} RENAME TO ${quoteIdentifier(name)}`;
  return `DO ${quoteLiteral(`BEGIN IF ${free} THEN ${rename}; END IF; END`)}`;
}
