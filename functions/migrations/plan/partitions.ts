import { OperationUnsupported } from '../errors.ts';
import { fittingName, hashedName, qualified } from '../sql/identifiers.ts';
import { child, items, parseSql, printSql, type Tree } from '../sql/tree.ts';
import type { StepDraft } from './pieces.ts';
import type { TableRef } from './schemas.ts';
import type { Snapshot, Table } from './snapshot.ts';
import { tableSql, transaction } from './steps.ts';

type CreateIndex = Extract<StepDraft, { kind: 'create_index' }>;

/**
 * The steps as partitioned tables need them, where PostgreSQL builds and drops no index concurrently: each partition's
 * index is built by itself while clients write, then the table's own takes them over at once. `made`: names of indexes
 * that other steps of the plan build. Throws OperationUnsupported for constraints that cannot be made so.
 */
export async function overPartitions(
  steps: StepDraft[],
  snapshot: Snapshot,
  made: Map<string, TableRef>,
): Promise<StepDraft[]> {
  if (snapshot.tables.every(({ kind }) => kind !== 'partitioned')) return steps;
  const all: StepDraft[] = [];
  for (const step of steps) {
    if (step.kind === 'create_index') {
      const table = partitionedTable(snapshot, step.table);
      all.push(...(table === undefined ? [step] : await built(step, table, snapshot)));
    } else if (step.kind === 'drop_index') {
      const table = indexedTable(snapshot, step.index, made);
      all.push(...(table === undefined ? [step] : dropped(step.index, table, snapshot)));
    } else {
      if (step.kind === 'transaction') refuseConstraints(step, snapshot);
      all.push(step);
    }
  }
  return all;
}

/** The tables of the indexes that the steps build, by the indexes' names. */
export const indexesOf = (steps: StepDraft[]): Map<string, TableRef> =>
  new Map(steps.flatMap((step) => (step.kind === 'create_index' ? [[step.index, step.table]] : [])));

const partitionedTable = (snapshot: Snapshot, ref: TableRef) =>
  snapshot.tables.find(({ oid, kind }) => kind === 'partitioned' && oid === ref.oid);

function indexedTable(snapshot: Snapshot, index: string, made: Map<string, TableRef>): Table | undefined {
  const ref = made.get(index);
  if (ref !== undefined) return partitionedTable(snapshot, ref);
  return snapshot.tables.find(
    ({ kind, indexes }) => kind === 'partitioned' && indexes.some(({ name }) => name === index),
  );
}

/** The index of one partition: readable, and told apart where the name is taken. */
function partName(snapshot: Snapshot, partition: string, index: string): string {
  const usual = fittingName(`${partition}_${index}`);
  return snapshot.takenNames.includes(usual) ? hashedName(partition, index) : usual;
}

async function built(step: CreateIndex, table: Table, snapshot: Snapshot): Promise<StepDraft[]> {
  const [only] = await parseSql(step.sql);
  const statement = child(only?.statement, 'IndexStmt');
  const relation = child(statement, 'relation');
  if (statement === undefined || relation === undefined) throw new Error(`Not CREATE INDEX: ${step.sql}`);
  if (step.unique) refuseWithoutKey(statement, table, step.index);
  const index = (change: Tree, on: Tree) =>
    printSql({ IndexStmt: { ...statement, ...change, relation: { ...relation, ...on, inh: true } } });
  const parts = (table.partitions ?? []).map((partition): StepDraft => {
    const name = partName(snapshot, partition.name, step.index);
    return {
      ...step,
      purpose: `${step.purpose} on ${partition.name}`,
      table: partition,
      index: name,
      sql: index(
        { idxname: name, concurrent: true },
        { schemaname: partition.schema, relname: partition.name },
      ),
    };
  });
  const { concurrent: _concurrent, ...plain } = statement;
  const whole = printSql({ IndexStmt: { ...plain, relation: { ...relation, inh: true } } });
  return [...parts, transaction(`Join the partitions’ indexes to ${step.index}`, [step.table], [whole])];
}

function dropped(index: string, table: Table, snapshot: Snapshot): StepDraft[] {
  const schema = snapshot.schema;
  const ref: TableRef = { schema, name: table.physical, oid: table.oid };
  const parts = (table.partitions ?? []).map(
    (partition): StepDraft => ({
      kind: 'drop_index',
      purpose: `Drop index ${index} of ${partition.name}`,
      schema: partition.schema,
      index: partName(snapshot, partition.name, index),
    }),
  );
  const drop = transaction(
    `Drop index ${index}`,
    [ref],
    [`DROP INDEX IF EXISTS ${qualified(schema, index)}`],
  );
  return table.indexes.some(({ name }) => name === index) ? [drop] : [drop, ...parts];
}

function unsupported(detail: string, action: string): OperationUnsupported {
  return new OperationUnsupported(detail, { problems: [{ pointer: '/operations', detail }], action });
}

function refuseWithoutKey(statement: Tree, table: Table, index: string): void {
  const keys = items(statement, 'indexParams').map((key) => child(key, 'IndexElem')?.name);
  const missing = table.partitionKey?.find((column) => !keys.includes(column));
  if (missing === undefined) return;
  throw unsupported(
    `The unique index "${index}" lacks "${missing}", a column of the partition key of "${table.name}"`,
    `Add "${missing}" to its columns.`,
  );
}

function refuseConstraints(step: Extract<StepDraft, { kind: 'transaction' }>, snapshot: Snapshot): void {
  for (const table of snapshot.tables.filter(({ kind }) => kind === 'partitioned')) {
    const ref: TableRef = { schema: snapshot.schema, name: table.physical, oid: table.oid };
    const added = `ALTER TABLE ${tableSql(ref)} ADD CONSTRAINT `;
    for (const { sql } of step.statements.filter((statement) => statement.sql.startsWith(added))) {
      if (/ (UNIQUE|PRIMARY KEY) USING INDEX /.test(sql))
        throw unsupported(
          `A UNIQUE or PRIMARY KEY constraint on the partitioned table "${table.name}" is not supported yet`,
          'Use create_index with unique: true; keep columns that such a constraint holds.',
        );
      if (snapshot.serverVersion < 180_000 && / FOREIGN KEY /.test(sql) && / NOT VALID$/.test(sql))
        throw unsupported(
          `PostgreSQL before 18 adds no foreign key to the partitioned table "${table.name}" without reading it under lock`,
          'Upgrade to 18 first, or add it by a sql operation while the table is small.',
        );
    }
  }
}
