import type { FailureCause } from '#platform/causes.ts';
import { clock } from '#platform/clock.ts';
import { failureOf, recordFailure } from '../executions/failures.ts';
import { isActive } from '../migration-store.ts';
import { MigrationRecord } from '../records.ts';
import { keys, readItem } from '../store.ts';
import { scheduleRemoval } from '../undo/removal-schedule.ts';
import type { BatchTarget, TargetRecord } from './records.ts';
import { freshTarget, readFleet, readTarget, saveTarget } from './store.ts';
import { sumUpStretches } from './stretches.ts';

/**
 * What is left to do once a batch has been worked through: removals of what was done are scheduled, targets with an
 * execution of their own get its end, and where the batch itself failed, what it did not settle has failed with it.
 */
export async function settleTargets(
  fleetId: string,
  executionArn: string,
  targets: readonly BatchTarget[],
  failure: FailureCause | null,
): Promise<{ settled: number }> {
  const fleet = await readFleet(fleetId);
  let settled = 0;
  for (const target of targets) {
    const stands = (await readTarget(fleetId, target.index)) ?? freshTarget(fleetId, target);
    if (stands.attempt !== target.attempt) continue;
    const migration = await readItem(MigrationRecord, keys.migration(stands.migrationId));
    const end = endOf(stands, migration, failure);
    if (end === 'done' && migration !== undefined) {
      if (migration.removalAt !== null) await scheduleRemoval(migration, migration.removalAt);
      if (stands.status !== 'done') await saveTarget(fleetId, ended(stands, { status: 'done' }));
      settled += 1;
    }
    const acts = fleet.status === 'running' || fleet.status === 'halted';
    if (end === 'failed' && acts) {
      const cause = failure ?? { name: 'ExecutionDied', message: 'Its execution ended', evidence: {} };
      if (migration !== undefined && failure !== null) {
        await recordFailure(migration.id, executionArn, { ...failure, state: 'RunBatch', at: clock.iso() });
      }
      const known = migration?.failure ?? failureOf({ retryable: false, ...cause }, null, clock.iso());
      await saveTarget(fleetId, ended(stands, { status: 'failed', failure: known }));
      settled += 1;
    }
  }
  await sumUpStretches(
    fleet,
    targets.map(({ index }) => index),
  );
  return { settled };
}

/** Null where there is nothing to write down, or the end is still to come. */
function endOf(
  stands: TargetRecord,
  migration: MigrationRecord | undefined,
  failure: FailureCause | null,
): 'done' | 'failed' | null {
  const open =
    stands.status === 'pending' || stands.status === 'running' || stands.status === 'own_execution';
  if (!open) return stands.status === 'done' ? 'done' : null;
  if (migration?.status === 'completed') return 'done';
  if (failure !== null) return 'failed';
  if (stands.status !== 'own_execution' || migration === undefined) return null;
  return migration.status === 'planned' || isRunning(migration) ? null : 'failed';
}

/** A migration that is being taken back has failed, whatever the rollback comes to. */
const isRunning = ({ status }: MigrationRecord): boolean =>
  isActive(status) && status !== 'rolling_back' && status !== 'undoing';

const ended = (stands: TargetRecord, end: Partial<TargetRecord>): TargetRecord => ({
  ...stands,
  ...end,
  endedAt: clock.iso(),
  durationMs:
    stands.durationMs ?? (stands.startedAt === null ? null : clock.now() - Date.parse(stands.startedAt)),
});
