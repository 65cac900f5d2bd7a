import { readPlan } from '../artifacts.ts';
import { backupId } from '../backups/catalogue.ts';
import { StrategyImpossible } from '../errors.ts';
import { readBackups } from '../executions/progress.ts';
import type { Plan } from '../plan/schemas.ts';
import { keptName, newForm, type RollbackStrategy, strategiesOf } from '../plan/strategies.ts';
import type { BackupRecord, MigrationRecord } from '../records.ts';
import type { WayBack } from '../schemas.ts';

// Which way back was asked for, held against what there is before anything changes.

const reverting = ({ phases }: MigrationRecord) => phases.some(({ name }) => name === 'revert');

function refuse(record: MigrationRecord, strategy: RollbackStrategy, why: string, action: string): never {
  throw new StrategyImpossible(`Migration ${record.id} cannot be taken back by ${strategy}: ${why}`, {
    evidence: { strategy, operations: record.plan?.operations.map(({ kind }) => kind) },
    action,
  });
}

const plainly = (record: MigrationRecord) =>
  `Take it back by revert: theseus migration ${record.status === 'completed' ? 'undo' : 'rollback'} ${record.id}`;

/** The backups taken before the change, whole and readable as far as anybody knows. Throws StrategyImpossible. */
async function backupsBefore(record: MigrationRecord): Promise<BackupRecord[]> {
  const all = (await readBackups(record.id)).filter(({ purpose }) => purpose === 'before');
  if (all.length === 0) {
    refuse(record, 'to_backup', 'no rows were backed up before the change', plainly(record));
  }
  for (const { table, key, deletion, verified, location } of all) {
    const id = backupId(record.id, location);
    if (deletion !== null) {
      refuse(record, 'to_backup', `backup ${id} of ${table} was deleted by ${deletion.by}`, plainly(record));
    }
    if (verified?.damage) {
      refuse(record, 'to_backup', `backup ${id} of ${table} is damaged: ${verified.damage}`, plainly(record));
    }
    if (key.length === 0) {
      refuse(
        record,
        'to_backup',
        `${table} has no key to find its rows by`,
        `Restore it beside: theseus backup restore ${id} --into <table>`,
      );
    }
  }
  return all;
}

/**
 * The way back that was asked for; `revert` when none was, or the one begun. Throws StrategyImpossible when it makes no
 * sense for an operation or lacks its backup; nothing has changed then. `acceptLosses`: whoever asks agrees beforehand to
 * what it overwrites.
 */
export async function chosenWay(
  record: MigrationRecord,
  { strategy: asked, acceptLosses }: { strategy?: RollbackStrategy | undefined; acceptLosses: boolean },
): Promise<WayBack | null> {
  const begun = record.status === 'failed' ? record.wayBack : null;
  const strategy = asked ?? begun?.strategy ?? 'revert';
  if (begun?.strategy === strategy) return acceptLosses ? { ...begun, overwriting: 'accepted' } : begun;
  if (record.planKey === null) {
    if (strategy === 'revert') return null;
    refuse(record, strategy, 'there is no plan', plainly(record));
  }
  const plan = await readPlan(record);
  const found = strategiesOf(plan, true).find((one) => one.strategy === strategy);
  const way: WayBack = {
    strategy,
    writtenSince: found?.writtenSince ?? '',
    overwriting: acceptLosses ? 'accepted' : 'undecided',
    kept: [],
    restored: [],
  };
  if (strategy === 'revert') return way;
  if (found?.impossible) refuse(record, strategy, found.impossible, plainly(record));
  return strategy === 'to_backup'
    ? { ...way, restored: (await backupsBefore(record)).map((one) => toRestore(record, one)) }
    : { ...way, kept: toKeep(record, plan) };
}

const toRestore = (
  { id }: MigrationRecord,
  { table, location, rows }: BackupRecord,
): WayBack['restored'][number] => ({
  table,
  backup: backupId(id, location),
  rows,
  expected: null,
  overwritten: null,
  broughtBack: null,
  refused: null,
  sample: [],
  reason: null,
});

function toKeep(record: MigrationRecord, plan: Plan): WayBack['kept'] {
  if (record.publishedAt === null) {
    refuse(
      record,
      'schema_only',
      'its version was never published, so no client wrote the new form',
      plainly(record),
    );
  }
  if (reverting(record)) {
    refuse(
      record,
      'schema_only',
      'what the new form held is being dropped already',
      'Finish it: leave the strategy out.',
    );
  }
  return newForm(plan).map(({ table, key, columns }) => ({
    table: table.name,
    into: { schema: record.schema, table: keptName(record.id, table.name) },
    key: key.map(({ column }) => column),
    columns: columns.map(({ name }) => name),
    rows: null,
  }));
}
