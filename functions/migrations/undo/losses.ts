import { readPlan } from '../artifacts.ts';
import { withTarget } from '../databases/target.ts';
import type { Engine, RunOptions } from '../engines/engine.ts';
import { enterPhase } from '../executions/history.ts';
import { changeMigration } from '../migration-store.ts';
import type { Plan } from '../plan/schemas.ts';
import { type MigrationRecord, openConstraints } from '../records.ts';
import type { WayBack } from '../schemas.ts';
import { isToBeCounted, undecidedRows } from './consent.ts';
import { countOverwrites, type Expected } from './overwrites.ts';

type Refused = NonNullable<MigrationRecord['returning']>['refused'];

const mostKeys = 10;

/**
 * Counts the rows that cannot return to the old version as they are, those that to_backup would write over, and those
 * that keep its constraints from coming back. What was decided to come back NOT VALID is not asked about again.
 */
export async function countLosses(
  migrationId: string,
  epoch: number,
  options: RunOptions,
): Promise<{ lostRows: number; accepted: boolean; refusedConstraints: number }> {
  const record = await enterPhase(migrationId, epoch, 'count_losses');
  const plan = await readPlan(record);
  const decided = (record.returning?.refused ?? []).filter(({ notValid }) => notValid);
  const relaxed = record.undo !== null || record.phases.some(({ name }) => name === 'contract');
  const { losses, refused, expected } = await withTarget(record, 'losses', async (engine) => ({
    // A rollback keeps what only new clients wrote without asking.
    losses: record.undo === null ? [] : await lossesOf(engine, plan, options),
    // Before the soft contract every constraint stands.
    refused: relaxed ? await refusedBy(engine, plan, decided, options) : [],
    expected: isToBeCounted(record) ? await countOverwrites(engine, record, options) : null,
  }));
  const changed = await changeMigration(migrationId, ({ undo, returning, wayBack }) =>
    // A twin of this invocation was faster, and what it found may have been decided on.
    returning?.decision !== record.returning?.decision || wayBack?.overwriting !== record.wayBack?.overwriting
      ? undefined
      : {
          set: {
            ...(undo === null ? {} : { undo: { ...undo, losses } }),
            returning: { decision: 'none', refused: [...decided, ...refused] },
            ...(wayBack === null || expected === null ? {} : { wayBack: expecting(wayBack, expected) }),
          },
        },
  );
  const { undo, wayBack } = changed;
  const overwritten = undecidedRows(changed);
  // What stays in a table of its own is not lost.
  const lossesAccepted =
    undo === null || undo.acceptLosses || undo.decision === 'accepted' || wayBack?.strategy === 'schema_only';
  return {
    lostRows: losses.reduce((sum, { rows }) => sum + rows, 0) + overwritten,
    accepted: lossesAccepted && overwritten === 0,
    refusedConstraints: openConstraints(changed).length,
  };
}

const expecting = (wayBack: WayBack, found: Map<string, Expected>): WayBack => ({
  ...wayBack,
  restored: wayBack.restored.map((one) => ({ ...one, expected: found.get(one.backup) ?? one.expected })),
});

async function lossesOf(engine: Engine, plan: Plan, options: RunOptions) {
  const counted = [];
  for (const backup of plan.undoLosses) {
    const rows = await engine.countRows(backup, options);
    counted.push({ backup: backup.id, table: backup.table.name, columns: backup.columns, rows });
  }
  return counted;
}

async function refusedBy(
  engine: Engine,
  plan: Plan,
  decided: Refused,
  options: RunOptions,
): Promise<Refused> {
  const refused: Refused = [];
  for (const { table, key, where, ...constraint } of plan.returning) {
    if (decided.some(({ id }) => id === constraint.id)) continue;
    const found = await engine.findRows({ table, key, where }, mostKeys, options);
    if (found.rows > 0) refused.push({ ...constraint, ...found, table: table.name, notValid: false });
  }
  return refused;
}
