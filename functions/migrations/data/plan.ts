import { type FieldProblem, InvalidInput } from '#platform/errors.ts';
import { RightsMissing } from '../errors.ts';
import { ROW_BYTES } from '../plan/room.ts';
import type { DataPlan, Load, Plan, TableRef } from '../plan/schemas.ts';
import type { Snapshot, Table } from '../plan/snapshot.ts';
import { noSteps } from '../plan/steps.ts';
import { didYouMean, quoteIdentifier } from '../sql/identifiers.ts';
import type { DataFile, TableLoad } from './file.ts';
import { notesOf, riskOf } from './notes.ts';
import { loadOrder } from './order.ts';
import { roomOfLoads } from './room.ts';
import { isCollated, isWide, overlapType } from './types.ts';

/** What a transformation in SQL gives, and which types the source's database knows. */
export interface Described {
  columns: { name: string; type: string }[];
  /** Of the types asked about. */
  types: string[];
  /** By the statistics: which share of the records is taken, the rows that one gives, and bytes of a row. */
  expected: { share: number; rowsPerRecord: number; width: number };
}

export interface DataFacts {
  file: DataFile;
  source: DataPlan['source'] & { snapshot: Snapshot; sameDatabase: boolean };
  target: Snapshot;
  /** Asks the source's database about a SELECT over `source`. Throws InvalidInput when it does not run. */
  describe: (
    table: TableRef,
    sql: string,
    types: string[],
    watermark: Load['watermark'],
  ) => Promise<Described>;
  /** Whether a table of the target has a row now: statistics may not know yet, or not any more. */
  hasRows: (table: TableRef) => Promise<boolean>;
  /** Watermarks that a run of this file before left, by load. */
  watermarks: Map<string, string>;
}

const refTo = (schema: string, table: Table): TableRef => ({ schema, name: table.physical, oid: table.oid });

/** What a watermark is kept under: it outlives the order of a file's tables. */
export const watermarkName = (from: Pick<TableRef, 'name'>, to: Pick<TableRef, 'name'>): string =>
  JSON.stringify([from.name, to.name]);

const usualOverlap = { interval: '5 minutes', bigint: '0', numeric: '0' };

/**
 * What a data migration will do. Throws InvalidInput naming every field of the file that does not fit the databases,
 * RightsMissing naming every grant that reading the source needs.
 */
export async function createDataPlan(facts: DataFacts): Promise<Plan> {
  const { file, source, target } = facts;
  const problems: FieldProblem[] = [];
  const unreadable: RightsMissing[] = [];
  const drafts: { load: Load; table: Table; from: Table; filled: boolean }[] = [];
  for (const [index, entry] of file.tables.entries()) {
    const pointer = `/data/tables/${index}`;
    const before = problems.length;
    const from = findTable(source.snapshot, entry.from, `${pointer}/from`, problems);
    const table = findTable(target, entry.to, `${pointer}/to`, problems);
    if (from === undefined || table === undefined) continue;
    const id = `${index + 1}-${entry.to}`;
    const load = await planLoad(facts, entry, id, { from, table }, pointer, problems).catch(
      (error: unknown) => {
        if (!(error instanceof RightsMissing)) throw error;
        unreadable.push(error);
        return undefined;
      },
    );
    if (load === undefined || problems.length > before) continue;
    drafts.push({ load, table, from, filled: await facts.hasRows(load.to) });
  }
  refuseAny(problems);
  refuseUnreadable(unreadable, source.name);
  const order = loadOrder(
    drafts.map(({ load, table }) => ({
      id: load.id,
      table,
      schema: target.schema,
      columns: load.columns.map(({ name }) => name),
    })),
  );
  for (const { id, table, constraint, columns } of order.stuck) {
    problems.push({
      pointer: `/data/tables/${drafts.findIndex(({ load }) => load.id === id)}`,
      detail: `${constraint} of ${table} refers to rows that come later, and ${columns.join(', ')} may not be null until then; let it be null for the time of the load`,
    });
  }
  refuseAny(problems);
  const placed = drafts.map(({ load, ...tables }) => ({
    ...tables,
    load: { ...load, deferred: order.deferred.get(load.id) ?? [], ...rememberedBy(load) },
  }));
  const loads = placed.map(({ load }) => load);
  const { snapshot: _snapshot, sameDatabase: _same, ...where } = source;
  /** Keys that sums of the source would not show; those of an incremental file stay from run to run. */
  function rememberedBy({ to, transform, watermark }: Load): Pick<Load, 'remembered'> {
    const alone = drafts.filter(({ load }) => load.to.name === to.name).length === 1;
    if (alone && transform.kind === 'sql' && watermark === null) return {};
    return { remembered: JSON.stringify([target.schema, to.name, ...(watermark ? [file.name] : [])]) };
  }
  const rows = loads.reduce((sum, { estimatedRows }) => sum + estimatedRows, 0);
  return {
    ...emptyPlan(file.name, target),
    operations: loads.map((load) => ({
      kind: file.strategy === 'incremental' ? 'load_changed' : 'load',
      summary: `${load.from.name} of ${where.name} into ${load.to.name}`,
      undo: 'lossy',
      undoReason:
        'Rows it inserted are deleted and rows it changed get back what they held, whatever clients wrote into them since',
    })),
    tables: drafts.map(({ load, table }) => ({
      table: load.to,
      estimatedRows: table.estimatedRows,
      bytes: table.bytes,
      triggers: table.triggers.map(({ name }) => name),
    })),
    risk: riskOf(drafts),
    room: roomOfLoads(placed),
    notes: notesOf(file, source, loads, drafts),
    rights: [
      { kind: 'create_in_database' },
      ...loads.flatMap(({ to, columns }) => [
        { kind: 'privileges' as const, table: to, privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
        { kind: 'sequences' as const, table: to, columns: columns.map(({ name }) => name) },
      ]),
      ...drafts.flatMap(({ load, table }) =>
        table.rowSecurity ? [{ kind: 'bypass_rls' as const, table: load.to }] : [],
      ),
    ],
    data: {
      source: where,
      loads,
      levels: order.levels,
      relations: loads.filter(({ deferred }) => deferred.length > 0).map(({ id }) => id),
      incremental: file.strategy === 'incremental',
      mostErrors: Math.min(
        file.errors.most,
        Math.max(file.errors.percent === 0 ? 0 : 10, Math.floor((rows * file.errors.percent) / 100)),
      ),
    },
  };
}

/** Nothing of the schema changes: clients see the same one after it as before. */
const emptyPlan = (name: string, target: Snapshot) => ({
  formatVersion: 1 as const,
  name,
  schema: target.schema,
  versionSchema: target.schema,
  previousVersion: null,
  undo: 'lossy' as const,
  ...noSteps(),
});

async function planLoad(
  { file, source, target, describe, watermarks }: DataFacts,
  entry: TableLoad,
  id: string,
  { from, table }: { from: Table; table: Table },
  pointer: string,
  problems: FieldProblem[],
): Promise<Load | undefined> {
  const to = refTo(target.schema, table);
  const ref = refTo(source.snapshot.schema, from);
  if (source.sameDatabase && ref.schema === to.schema && ref.name === to.name) {
    problems.push({ pointer: `${pointer}/to`, detail: `${to.name} cannot be loaded from itself` });
    return undefined;
  }
  if (from.key.length === 0) {
    const detail = `${from.name} has no primary or unique key without nulls to walk along; add one`;
    problems.push({ pointer: `${pointer}/from`, detail });
    return undefined;
  }
  const fillable = new Map(
    table.columns.filter(({ generated }) => !generated).map((column) => [column.physical, column] as const),
  );
  const common = from.columns
    .filter(({ physical }) => fillable.has(physical))
    .map(({ physical }) => physical);
  const sql = entry.sql ?? `SELECT ${common.map(quoteIdentifier).join(', ')} FROM source`;
  const outside = entry.jsonata ?? entry.module;
  if (outside === undefined && entry.sql === undefined && common.length === 0) {
    problems.push({
      pointer,
      detail: `${from.name} and ${table.name} have no column name in common: write sql`,
    });
    return undefined;
  }
  const types = table.columns.map(({ type }) => type);
  const text = sql.trim().replace(/;$/, '');
  const seen = watermarks.get(watermarkName(ref, to)) ?? null;
  const watermark =
    file.strategy === 'incremental' ? watermarkOf(entry, from, seen, pointer, problems) : null;
  const described = await describe(
    ref,
    outside === undefined ? text : 'SELECT * FROM source',
    types,
    watermark,
  ).catch((error: unknown) => {
    if (!(error instanceof InvalidInput)) throw error;
    problems.push({ pointer: `${pointer}/sql`, detail: error.message });
    return undefined;
  });
  if (described === undefined) return undefined;
  const named = entry.columns ?? described.columns.map(({ name }) => name);
  for (const name of named.filter((one, index) => !fillable.has(one) || named.indexOf(one) !== index)) {
    const where = `${pointer}/${outside === undefined ? 'sql' : 'columns'}`;
    const detail = fillable.has(name)
      ? `${name} is filled twice`
      : `${table.name} has no column ${name} that can be filled${didYouMean(name, [...fillable.keys()])}`;
    problems.push({ pointer: where, detail });
  }
  const toKey = keyOf(entry, table, pointer, problems);
  for (const { column } of toKey.filter(({ column: name }) => !named.includes(name))) {
    problems.push({
      pointer,
      detail: `The transformation does not give ${column}, which is part of the key`,
    });
  }
  for (const { physical, notNull, default: given, identity, generated } of table.columns) {
    if (named.includes(physical) || !notNull || given !== null || identity || generated) continue;
    problems.push({
      pointer,
      detail: `${table.name}.${physical} may not be null and the transformation does not give it`,
    });
  }
  if (problems.some((one) => one.pointer.startsWith(pointer))) return undefined;
  return {
    id,
    from: ref,
    key: from.key.map((column) => ({ column, type: typeOf(from, column) })),
    to,
    toKey,
    columns: named.map((name) => {
      const type = typeOf(table, name);
      return {
        name,
        type,
        same:
          outside === undefined && described.columns.find((column) => column.name === name)?.type === type,
        shared: described.types.includes(type),
      };
    }),
    transform:
      entry.jsonata !== undefined
        ? { kind: 'jsonata', expression: entry.jsonata }
        : entry.module !== undefined
          ? { kind: 'module', path: entry.module }
          : { kind: 'sql', sql: text },
    asText:
      outside === undefined
        ? []
        : from.columns.filter(({ type }) => isWide(type)).map(({ physical }) => physical),
    deferred: [],
    watermark,
    bytewise: !source.sameDatabase && toKey.some(({ type }) => isCollated(type)),
    ...estimateOf(from, described.expected),
  };
}

/** What stands out of line in the source is counted once a record: the statistics tell only the pointer to it. */
function estimateOf(
  from: Table,
  { share, rowsPerRecord, width }: Described['expected'],
): Pick<Load, 'estimatedRows' | 'estimatedResult'> {
  const records = Math.ceil(from.estimatedRows * share);
  const rows = Math.ceil(records * rowsPerRecord);
  const bytes = Math.round(rows * (ROW_BYTES + width) + (from.toastBytes ?? 0) * share);
  return { estimatedRows: records, estimatedResult: { rows, bytes } };
}

/** The key that the file names must be one that the table enforces; without one the table's own is taken. */
function keyOf(entry: TableLoad, table: Table, pointer: string, problems: FieldProblem[]): Load['toKey'] {
  const wanted = entry.key ?? table.key;
  const same = (columns: (string | null)[]) =>
    columns.length === wanted.length && wanted.every((name) => columns.includes(name));
  const enforced = table.indexes.some(
    (index) => index.unique && index.valid && same(index.columns) && !/ WHERE /.test(index.definition),
  );
  const nullable = wanted.filter(
    (name) => table.columns.find((one) => one.physical === name)?.notNull !== true,
  );
  if (wanted.length === 0 || !enforced || nullable.length > 0) {
    const detail =
      wanted.length === 0
        ? `${table.name} has no primary or unique key: a row that is loaded twice could not be told`
        : `(${wanted.join(', ')}) is no unique key of ${table.name} without nulls`;
    problems.push({ pointer: entry.key === undefined ? `${pointer}/to` : `${pointer}/key`, detail });
  }
  return wanted.map((column) => ({ column, type: typeOf(table, column) }));
}

function watermarkOf(
  entry: TableLoad,
  from: Table,
  since: string | null,
  pointer: string,
  problems: FieldProblem[],
): Load['watermark'] {
  if (entry.watermark === undefined) return null;
  const column = from.columns.find(({ name }) => name === entry.watermark);
  const step = column === undefined ? null : overlapType(column.type);
  if (column === undefined || step === null) {
    const detail =
      column === undefined
        ? `${from.name} has no column ${entry.watermark}`
        : `${column.name} is of type ${column.type}; expected a time or a number that grows with every change`;
    problems.push({ pointer: `${pointer}/watermark`, detail });
    return null;
  }
  return {
    column: column.physical,
    type: column.type,
    since,
    overlap: entry.overlap ?? usualOverlap[step],
  };
}

const typeOf = (table: Table, name: string): string =>
  table.columns.find(({ physical }) => physical === name)?.type ?? 'text';

function findTable(
  snapshot: Snapshot,
  name: string,
  pointer: string,
  problems: FieldProblem[],
): Table | undefined {
  const found = snapshot.tables.find((table) => table.physical === name);
  if (found !== undefined) return found;
  const near = didYouMean(
    name,
    snapshot.tables.map((table) => table.physical),
  );
  problems.push({ pointer, detail: `There is no table ${name} in schema ${snapshot.schema}${near}` });
  return undefined;
}

/** One refusal for all tables, so that an administrator is asked once. */
function refuseUnreadable(errors: RightsMissing[], source: string): void {
  const [first] = errors;
  if (first === undefined) return;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const actions = [...new Set(errors.flatMap(({ action }) => (action === undefined ? [] : [action])))];
  throw new RightsMissing(`${first.message}${more}`, {
    evidence: { source, missing: errors.map(({ message }) => message) },
    action: `In ${source}: ${actions.join('; ')}`,
  });
}

function refuseAny(problems: FieldProblem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  throw new InvalidInput(`${first.detail}${more}`, {
    problems: problems.slice(0, 50),
    action: 'Correct the fields named and plan again.',
  });
}
