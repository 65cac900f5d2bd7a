import { child, items, type Tree } from '../sql/tree.ts';
import { commandsOf, droppedNames, hasOption, type Name, relation } from './alterations.ts';
import type { Work } from './duration.ts';
import type { LockMode } from './finding.ts';
import { lockModes } from './lock-modes.ts';
import type { State } from './state.ts';
import type { Statement } from './statements.ts';

/** A lock that a statement takes on a table, and what it does while it holds it. */
export interface Lock {
  table: Name;
  mode: LockMode;
  work: Work;
}

/** Clauses of ALTER TABLE that take less than ACCESS EXCLUSIVE. */
const weaker: Record<string, LockMode> = {
  AT_ValidateConstraint: 'SHARE UPDATE EXCLUSIVE',
  AT_SetStatistics: 'SHARE UPDATE EXCLUSIVE',
  AT_SetOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_ResetOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_ClusterOn: 'SHARE UPDATE EXCLUSIVE',
  AT_DropCluster: 'SHARE UPDATE EXCLUSIVE',
  AT_SetRelOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_AttachPartition: 'SHARE UPDATE EXCLUSIVE',
  AT_EnableTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableAlwaysTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableReplicaTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableTrigAll: 'SHARE ROW EXCLUSIVE',
  AT_EnableTrigUser: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrig: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrigAll: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrigUser: 'SHARE ROW EXCLUSIVE',
};
const rewriting = new Set([
  'AT_AlterColumnType',
  'AT_SetTableSpace',
  'AT_SetLogged',
  'AT_SetUnLogged',
  'AT_SetAccessMethod',
]);

function alterLocks(statement: Statement): Lock[] {
  return commandsOf(statement).flatMap(({ table, subtype, definition }): Lock[] => {
    if (subtype === 'AT_AddConstraint') return constraintLocks(table, child(definition, 'Constraint'));
    if (subtype === 'AT_DetachPartition' && child(definition, 'PartitionCmd')?.concurrent === true)
      return [{ table, mode: 'SHARE UPDATE EXCLUSIVE', work: 'catalogue' }];
    const mode = weaker[subtype] ?? 'ACCESS EXCLUSIVE';
    const scans = subtype === 'AT_ValidateConstraint' || subtype === 'AT_SetNotNull';
    return [{ table, mode, work: rewriting.has(subtype) ? 'rewrite' : scans ? 'scan' : 'catalogue' }];
  });
}

function constraintLocks(table: Name, constraint: Tree | undefined): Lock[] {
  const later = constraint?.skip_validation === true;
  if (constraint?.contype === 'CONSTR_FOREIGN') {
    const other = relation(child(constraint, 'pktable'));
    const work = later ? 'catalogue' : 'scan';
    const own: Lock = { table, mode: 'SHARE ROW EXCLUSIVE', work };
    return other === null ? [own] : [own, { table: other, mode: 'SHARE ROW EXCLUSIVE', work }];
  }
  const indexed = ['CONSTR_UNIQUE', 'CONSTR_PRIMARY', 'CONSTR_EXCLUSION'].includes(
    String(constraint?.contype),
  );
  const work =
    indexed && constraint?.indexname === undefined ? 'index' : indexed || later ? 'catalogue' : 'scan';
  return [{ table, mode: 'ACCESS EXCLUSIVE', work }];
}

const written: Record<string, boolean> = {
  InsertStmt: true,
  UpdateStmt: true,
  DeleteStmt: true,
  MergeStmt: true,
};

/** The table locks a statement takes, as far as its text says; what it locks through triggers and foreign keys is not seen. */
export function locksOf(statement: Statement, state: State): Lock[] {
  const { kind, body } = statement;
  const own = relation(child(body, 'relation'));
  const on = (mode: LockMode, work: Work): Lock[] => (own === null ? [] : [{ table: own, mode, work }]);
  switch (kind) {
    case 'AlterTableStmt':
      return alterLocks(statement);
    case 'IndexStmt':
      return on(body.concurrent === true ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE', 'index');
    case 'RenameStmt':
      return ['OBJECT_TABLE', 'OBJECT_COLUMN', 'OBJECT_TABCONSTRAINT'].includes(String(body.renameType))
        ? on('ACCESS EXCLUSIVE', 'catalogue')
        : [];
    case 'AlterObjectSchemaStmt':
      return on('ACCESS EXCLUSIVE', 'catalogue');
    case 'CreateTrigStmt':
      return on('SHARE ROW EXCLUSIVE', 'catalogue');
    case 'ClusterStmt':
      return on('ACCESS EXCLUSIVE', 'rewrite');
    case 'RefreshMatViewStmt':
      return on(body.concurrent === true ? 'EXCLUSIVE' : 'ACCESS EXCLUSIVE', 'rewrite');
    case 'ReindexStmt':
      return on(
        hasOption(items(body, 'params'), 'concurrently') ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE',
        'index',
      );
    case 'TruncateStmt':
    case 'LockStmt':
      return items(body, 'relations').flatMap((node) => {
        const table = relation(child(node, 'RangeVar'));
        const mode = kind === 'LockStmt' ? lockModes[Number(body.mode) - 1] : 'ACCESS EXCLUSIVE';
        return table === null || mode === undefined ? [] : [{ table, mode, work: 'catalogue' as const }];
      });
    case 'DropStmt':
      return dropLocks(statement, state);
    default:
      return written[kind] === true ? on('ROW EXCLUSIVE', 'rows') : [];
  }
}

function dropLocks(statement: Statement, state: State): Lock[] {
  const tables = droppedNames(statement, 'OBJECT_TABLE');
  const behind = droppedNames(statement, 'OBJECT_INDEX').flatMap((index) => {
    if (statement.body.concurrent === true) return [];
    const found = state.snapshot?.tables.find(({ indexes }) =>
      indexes.some(({ name }) => name === index.name),
    );
    return found === undefined ? [] : [{ schema: index.schema, name: found.name }];
  });
  return [...tables, ...behind].map((table) => ({ table, mode: 'ACCESS EXCLUSIVE', work: 'catalogue' }));
}
