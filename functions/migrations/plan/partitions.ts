import { OperationUnsupported } from '../errors.ts';
import { qualified, quoteIdentifier } from '../sql/identifiers.ts';
import { child, items, parseSql, printSql, type Tree } from '../sql/tree.ts';
import { addedConstraint, droppedOf, partsConstraint, uniqueOver } from './partition-constraints.ts';
import { foreignKeyPart, indexPart, ownPart, type Part } from './partition-names.ts';
import type { StepDraft } from './pieces.ts';
import type { Statement, TableRef } from './schemas.ts';
import type { Snapshot, Table } from './snapshot.ts';
import { renameConstraint, tableSql, transaction, validate } from './steps.ts';

type CreateIndex = Extract<StepDraft, { kind: 'create_index' }>;
type Validate = Extract<StepDraft, { kind: 'validate' }>;
/** A foreign key whose rows are checked partition by partition before the table itself gets it. */
interface Unchecked {
  whole: string[];
  locks: TableRef[];
}

/** What the steps of a plan make, whatever phase they are in. */
export interface Made {
  /** Indexes by their names. */
  indexes: Map<string, CreateIndex>;
  /** Of these, the names of those that a constraint takes over. */
  ofConstraints: Set<string>;
  /** Foreign keys, as `table.constraint`. */
  foreignKeys: Set<string>;
}

export function madeBy(steps: StepDraft[]): Made {
  const added = steps.flatMap((step) =>
    step.kind === 'transaction' ? step.statements.flatMap(({ sql }) => addedConstraint(sql) ?? []) : [],
  );
  return {
    indexes: new Map(steps.flatMap((step) => (step.kind === 'create_index' ? [[step.index, step]] : []))),
    ofConstraints: new Set(added.flatMap(({ index }) => index ?? [])),
    foreignKeys: new Set(
      added.flatMap(({ table, name, foreign }) => (foreign ? [`${tableSql(table)}.${name}`] : [])),
    ),
  };
}

/**
 * The steps as partitioned tables need them, where PostgreSQL builds and drops no index concurrently, makes no
 * constraint of an index, and before 18 adds no foreign key without reading every row: each partition gets its own
 * while clients write, then the table's own takes them over at once. Throws OperationUnsupported for unique indexes
 * that no partitioned table can have.
 */
export async function overPartitions(
  steps: StepDraft[],
  snapshot: Snapshot,
  made: Made,
): Promise<StepDraft[]> {
  if (snapshot.tables.every(({ kind }) => kind !== 'partitioned')) return steps;
  const all: StepDraft[] = [];
  const unchecked = new Map<string, Unchecked>();
  for (const step of steps) {
    if (step.kind === 'create_index') {
      const table = partitionedTable(snapshot, step.table);
      all.push(...(table === undefined ? [step] : await built(step, table, snapshot, made)));
    } else if (step.kind === 'drop_index') {
      const table = indexedTable(snapshot, step.index, made);
      all.push(...(table === undefined ? [step] : dropped(step.index, table, snapshot)));
    } else if (step.kind === 'validate') {
      const key = `${tableSql(step.table)}.${step.constraint}`;
      const table = partitionedTable(snapshot, step.table);
      const waiting = unchecked.get(key);
      all.push(
        ...(table === undefined || waiting === undefined ? [step] : joined(step, table, snapshot, waiting)),
      );
    } else {
      const statements: Statement[] = [];
      for (const statement of step.statements) {
        const { sql, later } = await overParts(statement.sql, snapshot, made);
        statements.push(...sql.map((text) => ({ ...statement, sql: text })));
        if (later !== undefined) unchecked.set(later.key, { whole: later.whole, locks: step.locks });
      }
      all.push({ ...step, statements });
    }
  }
  return all;
}

const partitionedTable = (snapshot: Snapshot, ref: TableRef) =>
  snapshot.tables.find(({ oid, kind }) => kind === 'partitioned' && oid === ref.oid);

function namedTable(snapshot: Snapshot, ref: { schema: string; name: string }): Table | undefined {
  if (ref.schema !== snapshot.schema) return undefined;
  return snapshot.tables.find(({ physical, kind }) => kind === 'partitioned' && physical === ref.name);
}

function indexedTable(snapshot: Snapshot, index: string, made: Made): Table | undefined {
  const ref = made.indexes.get(index)?.table;
  if (ref !== undefined) return partitionedTable(snapshot, ref);
  return snapshot.tables.find(
    ({ kind, indexes }) => kind === 'partitioned' && indexes.some(({ name }) => name === index),
  );
}

async function built(step: CreateIndex, table: Table, snapshot: Snapshot, made: Made): Promise<StepDraft[]> {
  const statement = await indexStatement(step.sql);
  const relation = child(statement, 'relation');
  if (step.unique) refuseWithoutKey(statement, table, step.index);
  const index = (change: Tree, on: Tree) =>
    printSql({ IndexStmt: { ...statement, ...change, relation: { ...relation, ...on, inh: true } } });
  const on = (part: Part) => ({ schemaname: part.schema, relname: part.name });
  const leaves = (table.partitions ?? []).map((partition): StepDraft => {
    const name = indexPart(snapshot, table, partition, step.index);
    return {
      ...step,
      purpose: `${step.purpose} on ${partition.name}`,
      table: partition,
      part: true,
      index: name,
      sql: index({ idxname: name, concurrent: true }, on(partition)),
    };
  });
  if (made.ofConstraints.has(step.index)) return leaves;
  const { concurrent: _concurrent, ...plain } = statement;
  const whole = (name: string, place: Tree) =>
    printSql({
      IndexStmt: {
        ...plain,
        idxname: name,
        if_not_exists: true,
        relation: { ...relation, ...place, inh: true },
      },
    });
  const branches = (table.branches ?? []).map((branch) =>
    whole(indexPart(snapshot, table, branch, step.index), on(branch)),
  );
  const join = [...branches, whole(step.index, {})];
  return [...leaves, transaction(`Join the partitions’ indexes to ${step.index}`, [step.table], join)];
}

async function indexStatement(sql: string): Promise<Tree> {
  const [only] = await parseSql(sql);
  const statement = child(only?.statement, 'IndexStmt');
  if (statement === undefined) throw new Error(`Not CREATE INDEX: ${sql}`);
  return statement;
}

function dropped(index: string, table: Table, snapshot: Snapshot): StepDraft[] {
  const schema = snapshot.schema;
  const ref: TableRef = { schema, name: table.physical, oid: table.oid };
  const parts = (table.partitions ?? []).map(
    (partition): StepDraft => ({
      kind: 'drop_index',
      purpose: `Drop index ${index} of ${partition.name}`,
      schema: partition.schema,
      index: indexPart(snapshot, table, partition, index),
    }),
  );
  const drop = transaction(
    `Drop index ${index}`,
    [ref],
    [`DROP INDEX IF EXISTS ${qualified(schema, index)}`],
  );
  return table.indexes.some(({ name }) => name === index) ? [drop] : [drop, ...parts];
}

interface OverParts {
  sql: string[];
  /** A foreign key that only its partitions have so far: the statements that make it the table's own. */
  later?: { key: string; whole: string[] };
}

/** One statement as a partitioned table and its partitions need it. */
async function overParts(sql: string, snapshot: Snapshot, made: Made): Promise<OverParts> {
  const added = addedConstraint(sql);
  const table = added === null ? undefined : namedTable(snapshot, added.table);
  if (added === null || table === undefined) return { sql: withParts(sql, snapshot, made) };
  const leaves = table.partitions ?? [];
  const branches = table.branches ?? [];
  const index = added.index === null ? undefined : made.indexes.get(added.index);
  if (index !== undefined) {
    const over = uniqueOver(await indexStatement(index.sql), added);
    const name = (part: Part) => indexPart(snapshot, table, part, added.name);
    const taken = leaves.map((leaf) => {
      const using = `USING INDEX ${quoteIdentifier(indexPart(snapshot, table, leaf, index.index))}`;
      return partsConstraint(leaf, name(leaf), `${added.words} ${using}${added.rest}`);
    });
    const above = branches.map((branch) => partsConstraint(branch, name(branch), over));
    return { sql: [...taken, ...above, partsConstraint(added.table, added.name, over)] };
  }
  if (!added.foreign || !added.notValid) return { sql: [sql] };
  if (snapshot.serverVersion >= 180_000) {
    const renames = [...branches, ...leaves].flatMap((part) => {
      const own = ownPart(table.constraints, added.name, part) ?? added.name;
      return own === added.name ? [] : [renameConstraint(tableSql(part), added.name, own)];
    });
    return { sql: [sql, ...renames] };
  }
  const name = (part: Part) => foreignKeyPart(snapshot, table, part, added.name);
  return {
    sql: leaves.map((leaf) => partsConstraint(leaf, name(leaf), `${added.definition} NOT VALID`)),
    later: {
      key: `${tableSql(added.table)}.${added.name}`,
      whole: [
        ...branches.map((branch) => partsConstraint(branch, name(branch), added.definition)),
        partsConstraint(added.table, added.name, added.definition),
      ],
    },
  };
}

/** What PostgreSQL does not take from a partitioned table's partitions by itself, or not always. */
function withParts(sql: string, snapshot: Snapshot, made: Made): string[] {
  const change = droppedOf(sql);
  const table = change === null ? undefined : namedTable(snapshot, change.table);
  if (change === null || table === undefined) return [sql];
  const leaves = table.partitions ?? [];
  const alter = (part: Part) => `ALTER TABLE IF EXISTS ${tableSql(part)}`;
  if (change.notNull !== null) {
    const { notNull: column } = change;
    const nullable = (oid: number) =>
      snapshot.tables.find((other) => other.oid === oid)?.columns.find(({ physical }) => physical === column)
        ?.notNull === false;
    // From 18 on a partition may have a NOT NULL of its own beside the table's.
    const parts = [...(table.branches ?? []), ...leaves].filter(
      ({ oid }) => !nullable(table.oid) || nullable(oid),
    );
    return [
      sql,
      ...parts.map((part) => `${alter(part)} ALTER COLUMN ${quoteIdentifier(column)} DROP NOT NULL`),
    ];
  }
  const { constraint } = change;
  const alone =
    snapshot.serverVersion < 180_000 && made.foreignKeys.has(`${tableSql(change.table)}.${constraint}`);
  if (constraint === null || !alone) return [sql];
  const drop = (part: Part) =>
    `${alter(part)} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(foreignKeyPart(snapshot, table, part, constraint))}`;
  return [sql, ...leaves.map(drop)];
}

/** Rows are checked partition by partition; the table's own constraint then finds its partitions' and reads nothing. */
function joined(step: Validate, table: Table, snapshot: Snapshot, { whole, locks }: Unchecked): StepDraft[] {
  const marked = step.whole === undefined ? {} : { whole: step.whole };
  const checks = (table.partitions ?? []).map((part) => ({
    ...validate(part, foreignKeyPart(snapshot, table, part, step.constraint)),
    purpose: `${step.purpose} on ${part.name}`,
    part: true,
    ...marked,
  }));
  const join = transaction(`Join the partitions’ constraints to ${step.constraint}`, locks, whole);
  return [...checks, { ...join, ...marked }];
}

function unsupported(detail: string, action: string): OperationUnsupported {
  return new OperationUnsupported(detail, { problems: [{ pointer: '/operations', detail }], action });
}

function refuseWithoutKey(statement: Tree, table: Table, index: string): void {
  if (table.keyExpression === true) {
    throw unsupported(
      `The unique index "${index}" cannot be: an expression is in the partition key of "${table.name}", and PostgreSQL has no unique index over it`,
      'Leave it out, or partition the table by columns.',
    );
  }
  const keys = items(statement, 'indexParams').map((key) => child(key, 'IndexElem')?.name);
  const missing = (table.partitionKey ?? []).filter((column) => !keys.includes(column));
  if (missing.length === 0) return;
  const named = missing.map((column) => `"${column}"`).join(', ');
  throw unsupported(
    `The unique index "${index}" lacks ${named} of the partition key of "${table.name}": PostgreSQL keeps values apart within a partition only`,
    `Use create_constraint or create_index over its columns and ${named}.`,
  );
}
