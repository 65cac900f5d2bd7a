import { clock } from '#platform/clock.ts';
import { findDatabase } from '../databases/databases.ts';
import { phasesAfter } from '../executions/history.ts';
import { takeSchemaLock } from '../executions/schema-lock.ts';
import { connectorOf, newExecution } from '../executions/workflow.ts';
import { changeMigration, readMigration } from '../migration-store.ts';
import type { BatchTarget, Connector } from './records.ts';
import { migrationIdOf, readFleet } from './store.ts';

/**
 * Starts the ordinary migration of a large target in its record; the workflow starts the execution and waits for it.
 * `start: false` when it ran already. Doing it twice is doing it once. Throws MigrationInProgress.
 */
export async function ownExecution(
  fleetId: string,
  target: BatchTarget,
): Promise<
  { start: true; name: string; input: { migrationId: string; connector: Connector } } | { start: false }
> {
  const fleet = await readFleet(fleetId);
  const id = migrationIdOf(fleetId, target, target.attempt);
  const before = await readMigration(id);
  if (before.status === 'planned') await takeSchemaLock(before);
  const record = await changeMigration(id, (current) =>
    current.status === 'planned'
      ? {
          set: {
            status: 'running',
            phase: 'plan',
            phases: phasesAfter(current.phases, 'plan', current.epoch, clock.iso()),
            execution: newExecution(id, 'migration', 1),
            ...(fleet.approval === null ? {} : { approval: { decision: 'approved', ...fleet.approval } }),
            approvals: fleet.approvals,
            breakGlass: fleet.breakGlass,
          },
          events: [
            {
              type: 'migration.started',
              actor: fleet.createdBy,
              data: { planHash: current.plan?.hash ?? '', fleet: fleetId },
            },
          ],
        }
      : undefined,
  );
  if (record.execution?.kind !== 'migration' || record.status === 'completed') return { start: false };
  const { roleArn, functions } = await connectorOf(await findDatabase(record.databaseId));
  return {
    start: true,
    name: record.execution.name,
    input: { migrationId: id, connector: { roleArn, functions } },
  };
}
