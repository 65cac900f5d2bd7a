import { NameTaken, OperationUnsupported } from '../errors.ts';
import type { MigrationFile, Operation } from '../file/schema.ts';
import type { Applied, OperationContext } from '../operations/operation.ts';
import { operations } from '../operations/registry.ts';
import { raw } from '../operations/sql.ts';
import { fittingName } from '../sql/identifiers.ts';
import { composeColumns } from './composed.ts';
import { flowGroups } from './groups.ts';
import { type LogicalSchema, logicalSchema } from './logical.ts';
import { loginNote, loginRole } from './login.ts';
import { isTouched, standingNotes } from './notes.ts';
import { madeBy, overPartitions } from './partitions.ts';
import { type Change, type Pieces, pieces, type StepDraft } from './pieces.ts';
import { publishStep } from './publish.ts';
import { removalSteps } from './removal.ts';
import { riskOf, worstUndo } from './risk.ts';
import { rollbackSteps } from './rollback.ts';
import { roomOf } from './room.ts';
import { backfills, verifications } from './rows.ts';
import { type LoginRole, Plan, type TableRef } from './schemas.ts';
import type { Snapshot } from './snapshot.ts';
import { lockOrder, merged, numbered } from './steps.ts';
import { refuseUnverifiable } from './strict.ts';

/**
 * Decides a whole migration before anything runs. Pure: the same file and snapshot give the same plan.
 * Throws the named errors of its operations, each with the pointer to the field of the file that is wrong.
 */
export async function createPlan({
  file,
  snapshot,
  login,
  allViews = false,
  strict = false,
}: {
  file: MigrationFile;
  snapshot: Snapshot;
  /** A role whose clients get a login role of the new version. */
  login?: string | undefined;
  /** Views of every table, for clients whose search_path is the version alone. */
  allViews?: boolean | undefined;
  /** Refuse what cannot be verified row by row. */
  strict?: boolean | undefined;
}): Promise<Plan> {
  const versionSchema = fittingName(`${snapshot.schema}_${file.versionSchema ?? file.name}`);
  refuseTakenVersion(versionSchema, snapshot);
  if (allViews) refuseTooManyViews(snapshot);
  const applied: Applied[] = [];
  let schema = logicalSchema(snapshot, allViews);
  for (const [index, operation] of (await composeColumns(file.operations)).entries()) {
    if (operation.kind === 'composed') {
      applied.push(composedInto(operation.into, schema));
      continue;
    }
    const pointer = (...path: string[]) =>
      ['', 'operations', String(index), operation.kind, ...path].join('/');
    const result = await apply(operation, {
      index,
      migration: file.name,
      versionSchema,
      snapshot,
      schema,
      pointer,
    });
    applied.push(result);
    ({ schema } = result);
  }
  const all: Pieces[] = [];
  for (const one of applied) all.push(await one.pieces(schema));
  const role = login === undefined ? undefined : loginRole(login, snapshot.schema, versionSchema);
  return assembled(file, snapshot, versionSchema, schema, all, role, strict);
}

function refuseTakenVersion(versionSchema: string, snapshot: Snapshot): void {
  if (!snapshot.schemas.includes(versionSchema)) return;
  const detail = `The schema "${versionSchema}" that the new version would have stands already`;
  throw new NameTaken(detail, {
    problems: [{ pointer: '/name', detail }],
    evidence: { schema: versionSchema },
    action: 'Give the migration another name, or drop that schema if nothing uses it.',
  });
}

/** One transaction makes the views, and each holds locks in the server's one table of locks until it ends. */
const mostViews = 1_000;

function refuseTooManyViews({ schema, tables }: Snapshot): void {
  if (tables.length <= mostViews) return;
  throw new OperationUnsupported(
    `Schema "${schema}" has ${tables.length} tables; a version with views of all of them has at most ${mostViews}`,
    {
      evidence: { tables: tables.length, most: mostViews },
      action: 'Let clients set the path of version and schema, and leave out the views of all tables.',
    },
  );
}

/** What stands for an operation whose work another one does. */
function composedInto(into: number, schema: LogicalSchema): Applied {
  const summary = `Composed into operation ${into + 1}: one change of the column`;
  const undoReason = `As operation ${into + 1}`;
  return { schema, pieces: async () => pieces({ summary, undo: 'exact', undoReason }) };
}

async function apply({ kind, body }: Operation, context: OperationContext): Promise<Applied> {
  switch (kind) {
    case 'create_table':
      return operations.create_table(body, context);
    case 'drop_table':
      return operations.drop_table(body, context);
    case 'rename_table':
      return operations.rename_table(body, context);
    case 'add_column':
      return operations.add_column(body, context);
    case 'drop_column':
      return operations.drop_column(body, context);
    case 'alter_column':
      return operations.alter_column(body, context);
    case 'rename_column':
      return operations.rename_column(body, context);
    case 'create_index':
      return operations.create_index(body, context);
    case 'drop_index':
      return operations.drop_index(body, context);
    case 'sql':
      return operations.sql(body, context);
    case 'create_constraint':
      return operations.create_constraint(body, context);
    case 'drop_constraint':
      return operations.drop_constraint(body, context);
    case 'drop_multicolumn_constraint':
      return operations.drop_multicolumn_constraint(body, context);
    case 'rename_constraint':
      return operations.rename_constraint(body, context);
    case 'set_replica_identity':
      return operations.set_replica_identity(body, context);
  }
}

const together = (all: Pieces[], part: (pieces: Pieces) => Change[]): Change[] => all.flatMap(part);

/** Equal steps asked for by several operations are run once. */
function once<T>(list: T[]): T[] {
  const seen = new Map(list.map((item) => [JSON.stringify(item), item]));
  return [...seen.values()];
}

async function assembled(
  file: MigrationFile,
  snapshot: Snapshot,
  version: string,
  final: LogicalSchema,
  all: Pieces[],
  login: LoginRole | undefined,
  strict: boolean,
): Promise<Plan> {
  const groups = flowGroups(
    all.flatMap((each) => each.flows),
    file.name,
    version,
  );
  const fills = all.flatMap((each) => each.fills);
  if (strict) refuseUnverifiable(final, groups, fills);
  const backfill = backfills(groups, fills);
  const made = madeBy(
    all.flatMap((each) => [...each.index, ...each.constrain, ...each.enforce, ...each.undoContract]),
  );
  const steps = async (phase: string, drafts: StepDraft[]) =>
    numbered(phase, await overPartitions(drafts, snapshot, made));
  const index = await steps('index', once(all.flatMap((each) => each.index)));
  const relax = merged(
    'Relax what would refuse new clients on the old side',
    once(together(all, (each) => each.relax)),
  );
  const notes = [
    ...all.flatMap((each) => each.notes),
    ...standingNotes(final, snapshot, groups, version),
    ...(login === undefined ? [] : [loginNote(login)]),
  ];
  const summaries = all.map(({ summary, undo, undoReason }, index) => ({
    kind: file.operations[index]?.kind ?? '',
    summary,
    undo,
    undoReason,
  }));
  return Plan.parse({
    formatVersion: 1,
    name: file.name,
    schema: snapshot.schema,
    versionSchema: version,
    previousVersion: snapshot.currentVersion,
    operations: summaries,
    tables: tablesOf(final),
    room: roomOf(backfill, index, final),
    risk: riskOf(summaries, backfill, notes),
    undo: worstUndo(all.map((each) => each.undo)),
    notes,
    checks: all.flatMap((each) => each.checks),
    rights: [...rightsOf(final, snapshot, all), ...rightsForLogin(login)],
    expand: numbered('expand', expandSteps(groups, all)),
    backfill,
    index,
    constrain: await steps('constrain', once(all.flatMap((each) => each.constrain))),
    verify: verifications(groups, fills),
    publish: numbered('publish', [publishStep(final, snapshot, version, file.name)]),
    contract: await steps('contract', [
      ...once(all.flatMap((each) => each.enforce)),
      ...relax,
      ...once(all.flatMap((each) => each.relaxIndexes)),
    ]),
    rollback: await steps('rollback', rollbackSteps(final, snapshot, version, groups, all, login)),
    undoContract: await steps('undoContract', once(all.flatMap((each) => each.undoContract))),
    returning: once(all.flatMap((each) => each.returning)),
    undoLosses: all.flatMap((each) => each.undoLosses),
    removalBackups: all.flatMap((each) => each.removalBackups),
    removal: await steps('removal', removalSteps(final, snapshot, version, groups, all)),
    ...(login === undefined ? {} : { login }),
  });
}

/** Catalogue changes in one transaction, split where statements of the user's own stand between; feeding starts last. */
function expandSteps(groups: ReturnType<typeof flowGroups>, all: Pieces[]): StepDraft[] {
  const steps: StepDraft[] = [];
  let waiting: Change[] = [];
  for (const each of all) {
    waiting.push(...each.expand);
    if (each.raw.up.length === 0) continue;
    steps.push(...merged('Add what the new version needs', waiting));
    steps.push(raw('Run your SQL statements', each.raw.up));
    waiting = [];
  }
  if (waiting.length === 0 && groups.length === 0) return steps;
  const tables = [...waiting.flatMap((change) => change.tables), ...groups.map(({ table }) => table.ref)];
  return [
    ...steps,
    {
      kind: 'transaction',
      purpose:
        groups.length === 0
          ? 'Add what the new version needs'
          : 'Add what the new version needs and start feeding it',
      locks: lockOrder(tables),
      statements: waiting.flatMap((change) => change.statements).map((sql) => ({ sql, values: [] })),
      dualWrites: groups.map(({ table, group }) => ({ action: 'add', table: table.ref, group })),
    },
  ];
}

function tablesOf(final: LogicalSchema): Plan['tables'] {
  return [...final.tables.filter(isTouched), ...final.droppedTables].map((table) => ({
    table: table.ref,
    estimatedRows: table.source?.estimatedRows ?? 0,
    bytes: table.source?.bytes ?? 0,
    triggers: (table.source?.triggers ?? []).map((trigger) => trigger.name),
  }));
}

function rightsOf(final: LogicalSchema, snapshot: Snapshot, all: Pieces[]): Plan['rights'] {
  const touched = [...final.tables.filter(isTouched), ...final.droppedTables];
  const owned: TableRef[] = touched.flatMap((table) => (table.source === null ? [] : [table.ref]));
  const secured = touched.flatMap((table) => (table.source?.rowSecurity === true ? [table.ref] : []));
  // The other ends of foreign keys that are dropped at contract and come back with an undo.
  const relaxed = lockOrder(all.flatMap((each) => each.relax.flatMap(({ tables }) => tables)));
  const rights = all.flatMap((each) => each.rights);
  const owners = [...owned, ...rights.flatMap((right) => (right.kind === 'owner' ? [right.table] : []))];
  const partners = relaxed.filter(({ oid }) => !owners.some((table) => table.oid === oid));
  const indexes = all.some((each) => each.index.length > 0 || each.enforce.length > 0);
  return once([
    { kind: 'create_in_database' as const },
    ...(indexes ? [{ kind: 'create_in_schema' as const, schema: snapshot.schema }] : []),
    ...owned.map((table) => ({ kind: 'owner' as const, table })),
    ...secured.map((table) => ({ kind: 'bypass_rls' as const, table })),
    ...partners.map((table) => ({ kind: 'references' as const, table })),
    ...rights,
  ]);
}

function rightsForLogin(login: LoginRole | undefined): Plan['rights'] {
  return login === undefined ? [] : [{ kind: 'create_role' }, { kind: 'grant_role', role: login.memberOf }];
}
